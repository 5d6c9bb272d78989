# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks that this machine already knows a way to: a VPC must not hide one of them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path


def host_routes(table: Path = Path("/proc/net/route")) -> tuple[IPv4Network, ...]:
    """Without the default route. Empty where the kernel is not Linux: there Docker runs in a machine of its own."""
    if not table.exists():
        return ()
    return parse(table.read_text())


def parse(table: str) -> tuple[IPv4Network, ...]:
    """Destination and mask are the second and eighth columns, as little-endian hexadecimal."""
    rows = [line.split() for line in table.splitlines()[1:]]
    networks = (IPv4Network((_address(row[1]), str(_address(row[7])))) for row in rows if len(row) > 7)
    return tuple(network for network in networks if network.prefixlen)


def _address(text: str) -> IPv4Address:
    return IPv4Address(bytes.fromhex(text)[::-1])
