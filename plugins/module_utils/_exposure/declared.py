# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the declared firewalls, the account's ones and the containers let in, as boxes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address, ip_network
from typing import Any, NamedTuple

from .reach import ANYBODY, EVERYWHERE, GROUP, LAST_PORT, MEMBERS, Reach, everything, intersect

EPHEMERAL = (32768, 60999)  # where Docker publishes a port that names none of the host's


class Published(NamedTuple):
    """A container's port on an address of the host; no address is every address."""

    service: str
    protocol: str
    first: int
    last: int
    address: str = ""


def of_cloud(firewalls: dict[str, Any]) -> list[Reach]:
    """Return what `provision_firewalls` let in. Without any firewall DigitalOcean lets everything in."""
    if not firewalls:
        return everything()
    rules = [rule for firewall in firewalls.values() for rule in (firewall or {}).get("inbound") or []]
    return [reach for rule in rules for reach in _of_cloud_rule(rule, _declared_sources(rule.get("sources") or {}))]


def of_account(firewalls: Iterable[dict[str, Any]], owner_tag: str) -> list[Reach]:
    """Return what the API's firewalls that apply to a droplet let in."""
    firewalls = list(firewalls)
    if not firewalls:
        return everything()
    rules = [rule for firewall in firewalls for rule in firewall.get("inbound_rules") or []]
    return [
        reach for rule in rules for reach in _of_cloud_rule(rule, _live_sources(rule.get("sources") or {}, owner_tag))
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
    """Return what `base_firewall_rules` let in, and ICMP, which the host's table accepts always."""
    found = [reach for reach in everything() if reach.protocol == "icmp"]
    for rule in rules:
        for network in rule.get("sources") or EVERYWHERE:
            for text in rule.get("ports") or []:
                found.append(Reach(rule["protocol"], *ports(text), ip_network(network, strict=False)))
    return found


def ports(text: str | int) -> tuple[int, int]:
    """Return first and last of a port, a range (8000-9000) or all. Raise ValueError for anything else."""
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


def published(ports: Iterable[tuple[str, Any]], default_address: str = "") -> list[Published]:
    """Return the ports of services, as `_app/values.published` yields them. An address that is not given is the
    engine's default one."""
    return [
        Published(
            name,
            port.protocol,
            *((port.first, port.last) if port.first else EPHEMERAL),
            port.address or default_address,
        )
        for name, port in ports
    ]


def is_loopback(address: str) -> bool:
    return bool(address) and ip_address(address).is_loopback


def answered(boxes: Iterable[Reach], services: Iterable[Published]) -> list[Reach]:
    """Return the part of `boxes` that a container answers: the ports published on more than the loopback address."""
    doors = [
        Reach(service.protocol, service.first, service.last, ip_network(network))
        for service in services
        if not is_loopback(service.address)
        for network in EVERYWHERE
        if not service.address or ip_address(service.address).version == ip_network(network).version
    ]
    return intersect(boxes, doors)
