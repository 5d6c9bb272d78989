# SPDX-License-Identifier: GPL-3.0-or-later
"""Forwards TCP ports: forward.py LISTEN TARGET PORT... Lets a container reach what listens on this machine's loopback
address, as if it were its own. Runs on both sides, with what a bare Python has."""

from __future__ import annotations

import socket
import sys
import threading
from contextlib import suppress


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def serve(listen: str, target: str, port: int) -> None:
    server = socket.create_server((listen, port), reuse_port=False)
    while True:
        visitor, _address = server.accept()
        try:
            there = socket.create_connection((target, port), 10)
        except OSError:
            visitor.close()
            continue
        for ends in ((visitor, there), (there, visitor)):
            threading.Thread(target=copy, args=ends, daemon=True).start()


def main() -> None:
    listen, target, *ports = sys.argv[1:]
    for port in ports:
        threading.Thread(target=serve, args=(listen, target, int(port)), daemon=True).start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
