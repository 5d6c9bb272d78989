# SPDX-License-Identifier: GPL-3.0-or-later
"""Which addresses are given out. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

PUBLIC_NETWORK = IPv4Network("198.51.100.0/24")  # TEST-NET-2: no real host can have these
PUBLIC_GATEWAY = IPv4Address("198.51.100.1")
PUBLIC_FIRST = IPv4Address("198.51.100.16")
DEFAULT_VPC_POOL = IPv4Network("10.100.0.0/14")
PRIVATE_SPACE = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
# Networks that DigitalOcean keeps for itself.
RESERVED = tuple(
    IPv4Network(network) for network in ("10.244.0.0/16", "10.245.0.0/16", "10.246.0.0/24", "10.229.0.0/16")
)
RESERVED_IN_REGION = {"nyc1": (IPv4Network("10.10.0.0/16"),)}


class NoAddressLeft(Exception):
    """A network is full."""


def next_public(taken: Iterable[str], previous: str | None = None) -> str:
    """The next free address after the one given out last: a new droplet that gets the address of one just deleted
    would meet the old host key in a client's known_hosts and a connection that ssh kept open."""
    used = {IPv4Address(address) for address in taken}
    pool = [address for address in PUBLIC_NETWORK.hosts() if address >= PUBLIC_FIRST]
    start = pool.index(IPv4Address(previous)) + 1 if previous else 0
    return _first_free([*pool[start:], *pool[:start]], used, PUBLIC_NETWORK)


def next_ipv6(network: str, taken: Iterable[str]) -> str:
    """The lowest free address; the first one is the gateway's."""
    used = {IPv6Address(address) for address in taken if address}
    address = IPv6Network(network)[2]
    while address in used:
        address += 1
    return str(address)


def next_private(ip_range: str, taken: Iterable[str]) -> str:
    """The lowest free address of a VPC; the first one is the gateway's."""
    network = IPv4Network(ip_range)
    used = {IPv4Address(address) for address in taken} | {network.network_address + 1}
    return _first_free(network.hosts(), used, network)


def _first_free(pool: Iterable[IPv4Address], used: set[IPv4Address], network: IPv4Network) -> str:
    for address in pool:
        if address not in used:
            return str(address)
    raise NoAddressLeft(f"no address is left in {network}")


def next_vpc_range(occupied: Iterable[IPv4Network]) -> str:
    """A free /20 for a VPC that does not ask for one."""
    occupied = tuple(occupied)
    for network in DEFAULT_VPC_POOL.subnets(new_prefix=20):
        if not any(network.overlaps(other) for other in occupied):
            return str(network)
    raise NoAddressLeft(f"no /20 is left in {DEFAULT_VPC_POOL}")
