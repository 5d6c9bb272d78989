# SPDX-License-Identifier: GPL-3.0-or-later
"""Listens to the gossip of the nodes for some seconds. Fails unless there is some and no node's name is readable.

Every ping carries the name of the node that it is for, so unencrypted gossip is found at once.
"""

import socket
import struct
import sys
import time

ETH_P_IP, UDP, GOSSIP = 0x0800, 17, 7946
name = sys.argv[1].encode()
tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
tap.settimeout(1)
heard, readable, deadline = 0, 0, time.monotonic() + float(sys.argv[2])
while time.monotonic() < deadline:
    try:
        packet = tap.recv(65535)
    except TimeoutError:
        continue
    start = (packet[0] & 15) * 4
    if packet[9] == UDP and GOSSIP in struct.unpack("!HH", packet[start : start + 4]):
        heard += 1
        readable += name in packet
print(f"{heard} packets, {readable} of them readable")
sys.exit(heard == 0 or readable > 0)
