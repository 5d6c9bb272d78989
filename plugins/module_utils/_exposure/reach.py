# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who can reach what. Pure.

A packet gets in when the cloud's firewalls (any of them) and the host's table both let it. Each is a set of points
(protocol, port, address, who), written as a list of boxes; `who` is what an address cannot tell: anybody, a member of
the environment, or a member of one of its groups.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any, NamedTuple

ANYBODY, MEMBERS, GROUP = "anybody", "members", "group "
EVERYWHERE = ("0.0.0.0/0", "::/0")
PROTOCOLS = ("tcp", "udp", "icmp")
LAST_PORT = 65535
# pylint: disable=unsupported-binary-operation  # pylint is told of Python 3.8; hosts have 3.11 or newer
Network = IPv4Network | IPv6Network


class Reach(NamedTuple):
    """A box: these ports of this protocol, from this network, for these."""

    protocol: str
    first: int
    last: int
    network: Network
    who: str = ANYBODY


def everything() -> list[Reach]:
    return [
        Reach(protocol, *((0, 0) if protocol == "icmp" else (1, LAST_PORT)), ip_network(network))
        for protocol in PROTOCOLS
        for network in EVERYWHERE
    ]


def intersect(one: Iterable[Reach], other: Iterable[Reach]) -> list[Reach]:
    """Return the points that are in both."""
    found = []
    for a, b in _meeting(one, other):
        network, who = _common_network(a.network, b.network), _common_who(a.who, b.who)
        if network and who:
            found.append(Reach(a.protocol, max(a.first, b.first), min(a.last, b.last), network, who))
    return simplify(found)


def _meeting(one: Iterable[Reach], other: Iterable[Reach]) -> Iterator[tuple[Reach, Reach]]:
    """Yield each box of `one` with each of `other` that has a port in common with it.

    In the order of their ports, so that a box meets only those that are still open there: of many services each has
    ports of its own, and all pairs of them would be the square of their number.
    """
    sides = [(box, side) for side, boxes in enumerate((one, other)) for box in boxes]
    still: tuple[list[Reach], list[Reach]] = ([], [])
    for box, side in sorted(sides, key=lambda row: (row[0].protocol, row[0].first)):
        for here in still:
            here[:] = [b for b in here if b.protocol == box.protocol and b.last >= box.first]
        yield from ((rival, box) if side else (box, rival) for rival in still[not side])
        still[side].append(box)


def _common_network(a: Network, b: Network) -> Network | None:
    """Return the smaller of two networks if one contains the other; otherwise they have nothing in common."""
    if a.version != b.version or not a.overlaps(b):
        return None
    return a if a.prefixlen >= b.prefixlen else b


def _common_who(a: str, b: str) -> str | None:
    if _covers_who(a, b):
        return b
    return a if _covers_who(b, a) else None


def _covers_who(wide: str, narrow: str) -> bool:
    return wide in (ANYBODY, narrow) or (wide == MEMBERS and narrow.startswith(GROUP))


def subtract(after: Iterable[Reach], before: Iterable[Reach]) -> list[Reach]:
    """Return the points of `after` that are not in `before`."""
    found = []
    rivals: dict[Reach, list[Reach]] = {reach: [] for reach in after}
    for reach, rival in _meeting(rivals, before):
        if _covers_who(rival.who, reach.who):
            ends = {"first": max(reach.first, rival.first), "last": min(reach.last, rival.last)}
            rivals[reach].append(rival._replace(**ends))
    for reach, others in rivals.items():
        for first, last, there in _stretches([reach, *others]):
            taken = [box.network for box in there if box is not reach]
            found += [reach._replace(first=first, last=last, network=left) for left in _without(reach.network, taken)]
    return simplify(found)


def _stretches(boxes: Iterable[Reach]) -> Iterator[tuple[int, int, list[Reach]]]:
    """Yield first and last of the ports between one end of a box and the next one, with the boxes that have them."""
    boxes = sorted(boxes, key=lambda box: box.first)
    cuts = sorted({cut for box in boxes for cut in (box.first, box.last + 1)})
    there: list[Reach] = []
    begun = 0
    for first, end in itertools.pairwise(cuts):
        there = [box for box in there if box.last >= first]
        while begun < len(boxes) and boxes[begun].first == first:
            there.append(boxes[begun])
            begun += 1
        yield first, end - 1, there


def _without(network: Network, taken: Iterable[Network]) -> list[Network]:
    left = [network]
    for other in taken:
        left = [part for piece in left for part in _cut(piece, other)]
    return left


def _cut(piece: Network, other: Network) -> list[Network]:
    if piece.version != other.version or not piece.overlaps(other):
        return [piece]
    return [] if other.prefixlen <= piece.prefixlen else list(piece.address_exclude(other))


def simplify(boxes: Iterable[Reach]) -> list[Reach]:
    """Return the same points in few boxes, none of which another covers; sorted."""
    boxes = list(boxes)
    kinds = {(box.protocol, box.who) for box in boxes}
    found = []
    for protocol, who in sorted(kinds):
        rivals = [b for b in boxes if b.protocol == protocol and _covers_who(b.who, who)]
        runs: list[tuple[int, int, list[Network]]] = []
        for first, last, there in _stretches(rivals):
            networks = _collapsed(b.network for b in there if b.who == who)
            others = [b.network for b in there if b.who != who]
            networks = _collapsed(left for network in networks for left in _without(network, others))
            if runs and runs[-1][1] == first - 1 and runs[-1][2] == networks:
                runs[-1] = (runs[-1][0], last, networks)
            else:
                runs.append((first, last, networks))
        found += [Reach(protocol, first, last, n, who) for first, last, networks in runs for n in networks]
    return found


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    networks = list(networks)
    return [
        network
        for version in (4, 6)
        for network in collapse_addresses(network for network in networks if network.version == version)
    ]


def lets_in(boxes: Iterable[Reach], protocol: str, address: str, who: Iterable[str]) -> Callable[[int], bool]:
    """Whether a port can be reached from an address by somebody who is all of these (and anybody)."""
    source, kinds = ip_address(address), {ANYBODY, *who}
    ranges = [
        (b.first, b.last)
        for b in boxes
        if b.protocol == protocol and b.who in kinds and b.network.version == source.version and source in b.network
    ]
    return lambda port: any(first <= port <= last for first, last in ranges)


# -- words and rows


def words(boxes: Iterable[Reach]) -> list[str]:
    """Describe boxes, such as `5432/tcp open to everybody`: one line for each protocol, port and kind of people."""
    merged: dict[tuple[str, int, int, str], list[Network]] = {}
    for box in simplify(boxes):
        merged.setdefault((box.protocol, box.first, box.last, box.who), []).append(box.network)
    return [
        f"{_traffic(protocol, first, last)} open to {_people(who, networks)}"
        for (protocol, first, last, who), networks in sorted(merged.items(), key=lambda item: item[0])
    ]


def _traffic(protocol: str, first: int, last: int) -> str:
    if protocol == "icmp":
        return "icmp"
    if (first, last) == (1, LAST_PORT):
        return f"every {protocol} port"
    return f"{first}/{protocol}" if first == last else f"{first}-{last}/{protocol}"


def _people(who: str, networks: list[Network]) -> str:
    name = {ANYBODY: "everybody", MEMBERS: "members of the environment"}.get(who, who)
    texts = [str(network) for network in networks]
    if set(texts) == set(EVERYWHERE):
        return name
    if len(texts) == 1 and texts[0] in EVERYWHERE:
        return f"{name} (IPv{networks[0].version})"
    return ", ".join(texts) if who == ANYBODY else f"{who} from {', '.join(texts)}"


def rows(boxes: Iterable[Reach]) -> list[dict[str, Any]]:
    return [
        {"protocol": b.protocol, "first": b.first, "last": b.last, "network": str(b.network), "who": b.who}
        for b in simplify(boxes)
    ]


def from_rows(table: Iterable[dict[str, Any]]) -> list[Reach]:
    return [Reach(r["protocol"], int(r["first"]), int(r["last"]), ip_network(r["network"]), r["who"]) for r in table]
