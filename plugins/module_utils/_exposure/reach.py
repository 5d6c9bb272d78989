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
import re
from collections.abc import Callable, Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from typing import Any, NamedTuple

ANYBODY, MEMBERS, GROUP = "anybody", "members", "group "
EVERYWHERE = ("0.0.0.0/0", "::/0")
PROTOCOLS = ("tcp", "udp", "icmp")
LAST_PORT = 65535
EPHEMERAL = (32768, 60999)  # where Docker publishes a port that names none of the host's
PUBLISHED = re.compile(
    r"(?:(?P<address>\[[^]]*\]|\d+(?:\.\d+){3}):)?(?:(?P<host>[\d-]*):)?(?P<inner>[\d-]+)(?:/(?P<protocol>\w+))?"
)

Network = IPv4Network | IPv6Network


class Reach(NamedTuple):
    """A box: these ports of this protocol, from this network, for these."""

    protocol: str
    first: int
    last: int
    network: Network
    who: str = ANYBODY


class Published(NamedTuple):
    """A container's port on an address of the host; no address is every address."""

    service: str
    protocol: str
    first: int
    last: int
    address: str = ""


# -- from declarations


def of_cloud(firewalls: dict[str, Any]) -> list[Reach]:
    """Of `provision_firewalls`. Without any firewall DigitalOcean lets everything in."""
    if not firewalls:
        return everything()
    rules = [rule for firewall in firewalls.values() for rule in (firewall or {}).get("inbound") or []]
    return [reach for rule in rules for reach in _of_cloud_rule(rule, _declared_sources(rule.get("sources") or {}))]


def of_account(firewalls: Iterable[dict[str, Any]], owner_tag: str) -> list[Reach]:
    """Of the API's firewalls that apply to a droplet."""
    firewalls = list(firewalls)
    if not firewalls:
        return everything()
    rules = [rule for firewall in firewalls for rule in firewall.get("inbound_rules") or []]
    return [
        reach for rule in rules for reach in _of_cloud_rule(rule, _live_sources(rule.get("sources") or {}, owner_tag))
    ]


def everything() -> list[Reach]:
    return [
        Reach(protocol, *((0, 0) if protocol == "icmp" else (1, LAST_PORT)), ip_network(network))
        for protocol in PROTOCOLS
        for network in EVERYWHERE
    ]


def _of_cloud_rule(rule: dict[str, Any], sources: Iterable[tuple[str, str]]) -> Iterator[Reach]:
    protocol = rule["protocol"]
    first, last = (0, 0) if protocol == "icmp" else ports(rule.get("ports") or "all")
    for network, who in sources:
        yield Reach(protocol, first, last, ip_network(network, strict=False), who)


def _declared_sources(sources: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield from ((address, ANYBODY) for address in sources.get("addresses") or [])
    kinds = [MEMBERS] if sources.get("members") else []
    kinds += [GROUP + group for group in sources.get("groups") or []]
    yield from ((network, kind) for kind in kinds for network in EVERYWHERE)


def _live_sources(sources: dict[str, Any], owner_tag: str) -> Iterator[tuple[str, str]]:
    yield from ((address, ANYBODY) for address in sources.get("addresses") or [])
    kinds = []
    for tag in sources.get("tags") or []:
        if tag == owner_tag:
            kinds.append(MEMBERS)
        elif tag.startswith(f"{owner_tag}:"):
            kinds.append(GROUP + tag.removeprefix(f"{owner_tag}:"))
        else:
            kinds.append(f"tag {tag}")
    for kind in ("droplet_ids", "load_balancer_uids", "kubernetes_ids"):
        kinds += [f"{kind.rsplit('_', 1)[0].replace('_', ' ')} {id}" for id in sources.get(kind) or []]
    yield from ((network, kind) for kind in kinds for network in EVERYWHERE)


def of_host(rules: Iterable[dict[str, Any]]) -> list[Reach]:
    """Of `base_firewall_rules`. The host's table lets ICMP through for reachability's sake."""
    found = [reach for reach in everything() if reach.protocol == "icmp"]
    for rule in rules:
        for network in rule.get("sources") or EVERYWHERE:
            for text in rule.get("ports") or []:
                found.append(Reach(rule["protocol"], *ports(text), ip_network(network, strict=False)))
    return found


def ports(text: str | int) -> tuple[int, int]:
    """First and last of a port, a range (8000-9000) or all."""
    text = str(text)
    if text in ("all", "0"):
        return 1, LAST_PORT
    first, dash, last = text.partition("-")
    try:
        found = int(first), int(last if dash else first)
    except ValueError:
        found = (0, 0)
    if not 1 <= found[0] <= found[1] <= LAST_PORT:
        raise ValueError(f"{text!r} is not a port, a range (8000-9000) or all")
    return found


def published(services: dict[str, Any], default_address: str = "") -> list[Published]:
    """The ports that Compose services publish. An address that is not given is the engine's default one."""
    return [
        _published(name, port, default_address)
        for name, service in services.items()
        for port in (service or {}).get("ports") or []
    ]


def _published(name: str, port: Any, default: str) -> Published:
    if isinstance(port, dict):
        address, host = str(port.get("host_ip") or ""), str(port.get("published") or "")
        protocol = port.get("protocol")
    else:
        match = PUBLISHED.fullmatch(str(port))
        if not match:
            raise ValueError(f"service {name}: {port!r} is not a published port such as 127.0.0.1:8080:80")
        address, host, protocol = (match["address"] or "").strip("[]"), match["host"] or "", match["protocol"]
    return Published(name, protocol or "tcp", *(ports(host) if host else EPHEMERAL), address or default)


def is_loopback(address: str) -> bool:
    return bool(address) and ip_address(address).is_loopback


# -- sets of points


def both(one: Iterable[Reach], other: Iterable[Reach]) -> list[Reach]:
    """What both let in."""
    found = []
    other = list(other)
    for a in one:
        for b in other:
            first, last = max(a.first, b.first), min(a.last, b.last)
            network, who = _common_network(a.network, b.network), _common_who(a.who, b.who)
            if a.protocol == b.protocol and first <= last and network and who:
                found.append(Reach(a.protocol, first, last, network, who))
    return compact(found)


def _common_network(a: Network, b: Network) -> Network | None:
    """Two networks contain one another or have nothing in common."""
    if a.version != b.version or not a.overlaps(b):
        return None
    return a if a.prefixlen >= b.prefixlen else b


def _common_who(a: str, b: str) -> str | None:
    if _covers_who(a, b):
        return b
    return a if _covers_who(b, a) else None


def _covers_who(wide: str, narrow: str) -> bool:
    return wide in (ANYBODY, narrow) or (wide == MEMBERS and narrow.startswith(GROUP))


def wider(after: Iterable[Reach], before: Iterable[Reach]) -> list[Reach]:
    """The points of `after` that `before` has not."""
    found = []
    before = list(before)
    for reach in after:
        rivals = [b for b in before if b.protocol == reach.protocol and _covers_who(b.who, reach.who)]
        for first, last in _pieces(reach, rivals):
            taken = [b.network for b in rivals if b.first <= first and last <= b.last]
            found += [reach._replace(first=first, last=last, network=left) for left in _without(reach.network, taken)]
    return compact(found)


def _pieces(reach: Reach, rivals: Iterable[Reach]) -> Iterator[tuple[int, int]]:
    """The box's ports, cut where a rival begins or ends."""
    cuts = {reach.first, reach.last + 1}
    cuts |= {cut for b in rivals for cut in (b.first, b.last + 1) if reach.first < cut <= reach.last}
    edges = sorted(cuts)
    yield from ((first, end - 1) for first, end in itertools.pairwise(edges))


def _without(network: Network, taken: Iterable[Network]) -> list[Network]:
    left = [network]
    for other in taken:
        left = [part for piece in left for part in _cut(piece, other)]
    return left


def _cut(piece: Network, other: Network) -> list[Network]:
    if piece.version != other.version or not piece.overlaps(other):
        return [piece]
    return [] if other.prefixlen <= piece.prefixlen else list(piece.address_exclude(other))


def compact(boxes: Iterable[Reach]) -> list[Reach]:
    """The same points in few boxes, none of which another covers; sorted."""
    boxes = list(boxes)
    kinds = {(box.protocol, box.who) for box in boxes}
    found = []
    for protocol, who in sorted(kinds):
        rivals = [b for b in boxes if b.protocol == protocol and _covers_who(b.who, who)]
        mine = [b for b in rivals if b.who == who]
        runs: list[tuple[int, int, list[Network]]] = []
        cuts = sorted({cut for b in rivals for cut in (b.first, b.last + 1)})
        for first, end in itertools.pairwise(cuts):
            networks = _collapsed(b.network for b in mine if b.first <= first < b.last + 1)
            others = [b.network for b in rivals if b.who != who and b.first <= first < b.last + 1]
            networks = _collapsed(left for network in networks for left in _without(network, others))
            if runs and runs[-1][1] == first - 1 and runs[-1][2] == networks:
                runs[-1] = (runs[-1][0], end - 1, networks)
            else:
                runs.append((first, end - 1, networks))
        found += [Reach(protocol, first, last, n, who) for first, last, networks in runs for n in networks]
    return found


def _collapsed(networks: Iterable[Network]) -> list[Network]:
    networks = list(networks)
    return [
        network
        for version in (4, 6)
        for network in collapse_addresses(network for network in networks if network.version == version)
    ]


def narrowed(boxes: Iterable[Reach], services: Iterable[Published]) -> list[Reach]:
    """What of it somebody answers: the published ports that are not on the loopback address alone."""
    found = []
    boxes = list(boxes)
    for service in services:
        if is_loopback(service.address):
            continue
        for network in EVERYWHERE:
            if not service.address or ip_address(service.address).version == ip_network(network).version:
                door = Reach(service.protocol, service.first, service.last, ip_network(network))
                found += both(boxes, [door])
    return compact(found)


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
    """Such as `5432/tcp open to everybody`; one line for each protocol, port and kind of people."""
    merged: dict[tuple[str, int, int, str], list[Network]] = {}
    for box in compact(boxes):
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
        for b in compact(boxes)
    ]


def from_rows(table: Iterable[dict[str, Any]]) -> list[Reach]:
    return [Reach(r["protocol"], int(r["first"]), int(r["last"]), ip_network(r["network"]), r["who"]) for r in table]
