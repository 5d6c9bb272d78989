# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints what an SSH server offers, from its own first packet: a handshake as any client has it."""

import json
import socket
import struct
import sys

NAMES = ("kex", "host_key", "cipher", "cipher_back", "mac")

with socket.create_connection((sys.argv[1], 22), timeout=10) as connection:
    stream = connection.makefile("rb")
    stream.readline()
    connection.sendall(b"SSH-2.0-offered\r\n")
    size, padding = struct.unpack(">IB", stream.read(5))
    payload = stream.read(size - 1)[: size - 1 - padding]
    lists, rest = [], payload[17:]
    for _ in NAMES:
        (length,) = struct.unpack(">I", rest[:4])
        lists.append(rest[4 : 4 + length].decode().split(","))
        rest = rest[4 + length :]
print(json.dumps(dict(zip(NAMES, lists, strict=True))))
