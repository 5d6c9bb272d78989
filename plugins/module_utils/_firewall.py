# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls, attached by the environment's tag. Rules are compared in one form, because DigitalOcean gives back other
spellings than it takes ("all" comes back as "0", icmp has a port)."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

from ._account import Account
from ._client import Client
from ._names import Names
from ._plan import CREATE, DELETE, NOOP, UPDATE, Step, changed, created

Rule = dict[str, Any]
ALL_PORTS = ("all", "0", "1-65535")
EVERYONE = ("0.0.0.0/0", "::/0")
ALLOW_ALL_OUT = [
    {"protocol": protocol, "ports": "all", "destinations": {"addresses": list(EVERYONE)}}
    for protocol in ("tcp", "udp", "icmp")
]
SIDES = (("inbound", "inbound_rules", "sources"), ("outbound", "outbound_rules", "destinations"))


PROTOCOLS = ("tcp", "udp", "icmp")
TARGETS = ("addresses", "groups", "members")


def problems(firewalls: dict[str, Any]) -> list[str]:
    found = []
    for name, firewall in firewalls.items():
        if not isinstance(firewall, dict) or firewall.keys() - {"inbound", "outbound"}:
            found.append(f"firewalls.{name}: it must be a dictionary of inbound and outbound.")
            continue
        for direction, _field, side in SIDES:
            for index, rule in enumerate(firewall.get(direction) or []):
                found += _rule_problems(f"firewalls.{name}.{direction}[{index}]", rule, side)
    return found


def _rule_problems(where: str, rule: Any, side: str) -> list[str]:
    if not isinstance(rule, dict) or rule.keys() - {"protocol", "ports", side}:
        return [f"{where}: a rule is a dictionary of protocol, ports and {side}."]
    target = rule.get(side) or {}
    if not isinstance(target, dict) or target.keys() - set(TARGETS):
        return [f"{where}.{side}: it must be a dictionary of {', '.join(TARGETS)}."]
    found = []
    if rule.get("protocol") not in PROTOCOLS:
        found.append(f"{where}.protocol: {rule.get('protocol')!r} is none of {', '.join(PROTOCOLS)}.")
    elif rule["protocol"] != "icmp" and not _valid_ports(str(rule.get("ports") or "")):
        found.append(f"{where}.ports: {rule.get('ports')!r} is not a port, a range (8000-9000) or all.")
    for address in target.get("addresses") or []:
        try:
            ip_network(address)
        except ValueError as error:
            found.append(f"{where}.{side}.addresses: {error}. Example: 203.0.113.7/32.")
    return found


def _valid_ports(text: str) -> bool:
    if text in ALL_PORTS:
        return True
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(number.isascii() and number.isdigit() and 1 <= int(number) <= 65535 for number in numbers):
        return False
    return int(numbers[0]) <= int(numbers[-1])


def declared(firewall: dict[str, Any], names: Names) -> dict[str, list[Rule]]:
    """The rules as the API takes them. A rule that lets nobody in is left out."""
    given = {"inbound": firewall.get("inbound") or [], "outbound": firewall.get("outbound")}
    if given["outbound"] is None:
        given["outbound"] = ALLOW_ALL_OUT
    return {
        field: [
            {"protocol": rule["protocol"], "ports": _ports(rule), side: target}
            for rule in given[direction]
            if (target := _target(rule.get(side) or {}, names))
        ]
        for direction, field, side in SIDES
    }


def _ports(rule: Rule) -> str:
    ports = str(rule.get("ports") or "")
    return "all" if rule["protocol"] == "icmp" or ports in ALL_PORTS else ports


def _target(target: dict[str, Any], names: Names) -> dict[str, list[str]]:
    tags = [names.group_tag(group) for group in target.get("groups") or []]
    if target.get("members"):
        tags.append(names.owner_tag)
    addresses = [str(ip_network(address)) for address in target.get("addresses") or []]
    return {key: sorted(set(values)) for key, values in (("addresses", addresses), ("tags", tags)) if values}


def normalized(rules: list[Rule], side: str) -> list[Rule]:
    """Any two lists of rules that mean the same become equal."""
    plain = [
        {
            "protocol": rule["protocol"],
            "ports": _ports(rule),
            side: {key: sorted(map(str, values)) for key, values in sorted(rule.get(side, {}).items()) if values},
        }
        for rule in rules
    ]
    return sorted(plain, key=lambda rule: json.dumps(rule, sort_keys=True))


def fields(firewall: dict[str, Any]) -> dict[str, Any]:
    """What a run compares: rules, tags, and droplets attached by hand (there should be none)."""
    return {
        **{field: normalized(firewall.get(field) or [], side) for _direction, field, side in SIDES},
        "tags": sorted(firewall.get("tags") or []),
        "droplet_ids": sorted(firewall.get("droplet_ids") or []),
    }


def body(name: str, firewall: dict[str, Any], names: Names) -> dict[str, Any]:
    rules = declared(firewall, names)
    # icmp has no ports, and the API refuses any.
    sent = {
        field: [{k: v for k, v in rule.items() if k != "ports" or rule["protocol"] != "icmp"} for rule in rules[field]]
        for field in rules
    }
    return {"name": names.firewall(name), **sent, "tags": [names.owner_tag], "droplet_ids": []}


def steps(firewalls: dict[str, Any], names: Names, account: Account, client: Client) -> list[Step]:
    return [_step(body(name, firewall, names), account, client) for name, firewall in firewalls.items()]


def _step(wanted: dict[str, Any], account: Account, client: Client) -> Step:
    name = wanted["name"]
    current = next((row for row in account.firewalls if row["name"] == name), None)
    after = fields(wanted)
    if current is None:
        shown = {key: value for key, value in after.items() if key != "droplet_ids"}
        return Step(CREATE, "firewall", name, created(shown), lambda: client.post("/firewalls", wanted))
    changes = changed(fields(current), after)
    if not changes:
        return Step(NOOP, "firewall", name)
    return Step(UPDATE, "firewall", name, changes, lambda: client.put(f"/firewalls/{current['id']}", wanted))


def surplus(wanted: list[str], names: Names, account: Account, client: Client) -> list[Step]:
    keep = {names.firewall(name) for name in wanted}
    return [
        Step(DELETE, "firewall", row["name"], apply=lambda id=row["id"]: client.delete(f"/firewalls/{id}"))
        for row in account.firewalls
        if names.owns_firewall(row["name"]) and row["name"] not in keep
    ]
