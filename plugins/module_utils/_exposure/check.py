# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where what was found differs from what is declared, each in a line that names host, port, source, expected and
found. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from . import reach as exposure
from .declared import Published
from .declared import ports as declared_ports
from .port_scan import OPEN, REFUSED, SILENT, runs
from .reach import Reach

FOUND = {OPEN: "open", REFUSED: "reachable (refused: nothing listens)", SILENT: "no answer"}


def of_scan(
    target: str, source: str, protocol: str, ports: Iterable[int], answers: Mapping[int, str], let_in: Any
) -> list[str]:
    """Compare `answers`, the ports that answered, with `let_in`, which tells of a port whether it is declared."""
    kinds: dict[tuple[bool, str], list[int]] = {}
    for port in ports:
        expected, answer = let_in(port), answers.get(port, SILENT)
        # Over UDP a firewall and a service that does not understand are equally silent.
        if expected != (answer != SILENT) and not (expected and protocol == "udp"):
            kinds.setdefault((expected, answer), []).append(port)
    return [
        f"{target}: {_port(first, last, protocol)} from {source}: "
        f"expected {'reachable' if expected else 'closed'}, found {FOUND[answer]}"
        for (expected, answer), numbers in sorted(kinds.items())
        for first, last in runs(numbers)
    ]


def _port(first: int, last: int, protocol: str) -> str:
    return f"{first}/{protocol}" if first == last else f"{first}-{last}/{protocol}"


def of_cloud(target: str, live: list[Reach], declared: list[Reach]) -> list[str]:
    """Compare the account's firewalls with the declared ones, in both directions."""
    more = [f"{target}: cloud firewall: {line}: expected closed" for line in _lines(live, declared)]
    return more + [f"{target}: cloud firewall: expected {line}: found closed" for line in _lines(declared, live)]


def _lines(one: list[Reach], other: list[Reach]) -> list[str]:
    return exposure.words(exposure.subtract(one, other))


class Listener(NamedTuple):
    protocol: str
    address: str  # empty: every address of both families
    port: int
    process: str


SOCKET = re.compile(r"(?P<address>\[[^]]*\]|\*|[\d.]+)(?:%(?P<interface>[^:]+))?:(?P<port>\d+)")


def listeners(ss: str) -> list[Listener]:
    """Parse `ss -H -l -n -t -u -p`."""
    found = []
    for line in ss.splitlines():
        columns = line.split()
        if len(columns) < 5 or not (match := SOCKET.fullmatch(columns[4])):
            continue
        process = re.search(r'users:\(\("([^"]*)"', line)
        address = match["address"].strip("[]").split("%")[0]
        found.append(
            Listener(
                columns[0],
                "" if address == "*" else address,
                int(match["port"]),
                process[1] if process else "a process without a name",
            )
        )
    return found


PUBLISHED = re.compile(r"(?P<address>\[?[\d.:a-f]*\]?):(?P<first>\d+)(?:-(?P<last>\d+))?->\S+/(?P<protocol>\w+)")


def published(docker_ps: str) -> list[Published]:
    r"""Parse `docker ps --format '{{.Names}}\t{{.Ports}}'`."""
    found = []
    for line in docker_ps.splitlines():
        name, _tab, doors = line.partition("\t")
        for match in PUBLISHED.finditer(doors):
            address, first = match["address"].strip("[]"), int(match["first"])
            found.append(Published(name, match["protocol"], first, int(match["last"] or first), _unspecified(address)))
    return found


def _unspecified(address: str) -> str:
    return "" if address in ("", "*") else address


def of_host(
    host: str, heard: Iterable[Listener], doors: Iterable[Published], inner: Iterable[str], declared: list[Reach]
) -> list[str]:
    """Report what listens or is published beyond loopback although the declaration lets nobody through to it. Both
    firewalls may hide it today, but then nothing stands behind them. `inner` are addresses of the host's own
    bridges."""
    allowed: dict[str, list[tuple[int, int]]] = {}
    for reach in declared:
        allowed.setdefault(reach.protocol, []).append((reach.first, reach.last))

    def declares(protocol: str, first: int, last: int) -> bool:
        return any(low <= first and last <= high for low, high in allowed.get(protocol, []))

    lines = []
    # An engine's proxy listens for a container: that is one finding, the container's.
    proxied = {(door.protocol, door.first) for door in doors}
    for door in sorted(set(doors)):
        if not _stays_inside(door.address, inner) and not declares(door.protocol, door.first, door.last):
            lines.append(
                f"{host}: {_port(door.first, door.last, door.protocol)}: expected closed, found container "
                f"{door.service} published on {door.address or 'every address'}"
            )
    for one in sorted(set(heard)):
        if _stays_inside(one.address, inner) or declares(one.protocol, one.port, one.port):
            continue
        if one.process == "docker-proxy" and (one.protocol, one.port) in proxied:
            continue
        lines.append(
            f"{host}: {one.port}/{one.protocol}: expected closed, found {one.process} listening on "
            f"{one.address or 'every address'}"
        )
    return lines


def _stays_inside(address: str, inner: Iterable[str]) -> bool:
    if not address:
        return False
    return ip_address(address).is_loopback or address in inner


def of_table(host: str, live: str, wanted: str) -> list[str]:
    """Compare the host's loaded table with its file, without counters and handles."""
    have, want = _rules(live), _rules(wanted)
    if not have:
        return [f"{host}: host firewall: its table is not loaded: expected what /etc/nftables.conf says"]
    gone = [f"{host}: host firewall: expected '{rule}', found it missing" for rule in want if rule not in have]
    extra = [
        f"{host}: host firewall: found '{rule}', which /etc/nftables.conf does not have"
        for rule in have
        if rule not in want
    ]
    if not gone and not extra and have != want:
        return [f"{host}: host firewall: its rules are loaded in another order than in /etc/nftables.conf"]
    return gone + extra


SET = r"\{[^}]*\}|\S+"
ACCEPT = re.compile(rf"(?:ip6? saddr (?P<sources>{SET}) )?(?P<protocol>tcp|udp) dport (?P<ports>{SET}) accept\b.*")


def reach_of_table(text: str) -> list[Reach]:
    """Return what the loaded table lets in by port, from `nft list table`. Without a table that is everything. Sets
    hold addresses that the kernel lets in until a time: they are no lasting way in."""
    lines = _rules(text)
    if not lines:
        return exposure.simplify(exposure.everything())
    found = [box for box in exposure.everything() if box.protocol == "icmp"]
    for match in filter(None, map(ACCEPT.fullmatch, lines)):
        if (match["sources"] or "").startswith("@"):
            continue
        networks = _elements(match["sources"]) if match["sources"] else exposure.EVERYWHERE
        for network in networks:
            for ports in _elements(match["ports"]):
                found.append(Reach(match["protocol"], *declared_ports(ports), ip_network(network, strict=False)))
    return exposure.simplify(found)


def _elements(text: str) -> list[str]:
    return [element.strip() for element in text.strip("{} ").split(",")]


def _rules(text: str) -> list[str]:
    lines = [re.sub(r"counter packets \d+ bytes \d+", "counter", line).strip() for line in text.splitlines()]
    return [line for line in lines if line]
