# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packets a droplet lets through: the union of its cloud firewalls, as addresses. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_network
from typing import Any

from ..droplets.backend import Rule, Ruleset
from .records import Droplet, Firewall, LoadBalancer

OPEN = Ruleset(enabled=False, inbound=(), outbound=())


def effective(
    droplet: Droplet,
    firewalls: Iterable[Firewall],
    droplets: Sequence[Droplet],
    balancers: Sequence[LoadBalancer] = (),
) -> Ruleset:
    """No firewall: open. One or more: what any of them allows, and nothing else."""
    applied = [firewall for firewall in firewalls if firewall.applies_to(droplet)]
    if not applied:
        return OPEN
    everybody = [*droplets, *balancers]
    inbound = (rule_of(rule, rule["sources"], everybody) for firewall in applied for rule in firewall.inbound_rules)
    outbound = (
        rule_of(rule, rule["destinations"], everybody) for firewall in applied for rule in firewall.outbound_rules
    )
    return Ruleset(enabled=True, inbound=_useful(inbound), outbound=_useful(outbound))


def rule_of(rule: dict[str, Any], target: dict[str, Any], everybody: Sequence[Droplet | LoadBalancer]) -> Rule:
    first, last = port_range(rule["protocol"], rule["ports"])
    return Rule(rule["protocol"], first, last, _addresses(target, everybody))


def port_range(protocol: str, ports: str) -> tuple[int, int]:
    """From the form that is stored: "0" is every port, or none at all for icmp."""
    if protocol == "icmp":
        return 0, 0
    if ports == "0":
        return 1, 65535
    first, _, last = ports.partition("-")
    return int(first), int(last or first)


def _addresses(target: dict[str, Any], everybody: Sequence[Droplet | LoadBalancer]) -> tuple[str, ...]:
    named = {str(ip_network(address, strict=False)) for address in target.get("addresses", ())}
    members = {
        f"{address}/32" for one in everybody if _is_meant(one, target) for address in (one.public_ip, one.private_ip)
    }
    return tuple(sorted(named | members))


def _is_meant(one: Droplet | LoadBalancer, target: dict[str, Any]) -> bool:
    if isinstance(one, LoadBalancer):
        return one.id in target.get("load_balancer_uids", ())
    return one.id in target.get("droplet_ids", ()) or not set(one.tags).isdisjoint(target.get("tags", ()))


def _useful(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Each rule once, and none that names nobody (a tag without droplets). Sorted, so that equal sets are equal."""
    distinct = {rule for rule in rules if rule.addresses}
    return tuple(sorted(distinct, key=lambda rule: (rule.protocol, rule.first_port, rule.last_port, rule.addresses)))
