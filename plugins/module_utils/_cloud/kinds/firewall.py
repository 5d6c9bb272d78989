# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls, attached by the environment's tag. Rules are compared in one form, because DigitalOcean gives back other
spellings than it takes ("all" comes back as "0", icmp has a port)."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any, ClassVar

from ..account import Account, Reads, Row
from ..declaration import WORDS, complete_each, group_problems, name_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Step, changed, created
from ..resource import ATTACHED, FIREWALLS, Context, Resource

Rule = dict[str, Any]
ALL_PORTS = ("all", "0", "1-65535")
EVERYONE = ("0.0.0.0/0", "::/0")
ALLOW_ALL_OUT = [
    {"protocol": protocol, "ports": "all", "destinations": {"addresses": list(EVERYONE)}}
    for protocol in ("tcp", "udp", "icmp")
]
SIDES = (("inbound", "inbound_rules", "sources"), ("outbound", "outbound_rules", "destinations"))
SSH = 22
WIDEST = {4: 8, 6: 16}  # prefixes shorter than these are not somebody's office
RENAMED = "it is on this environment's droplets by their tag, but not by our name. What it allows counts as well."
RULES_LIMIT = 50  # of one firewall, both directions
TARGET_SPEC = {"addresses": WORDS, "groups": WORDS, "members": {"type": "bool", "default": False}}


def _rules_spec(side: str) -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "options": {
            "protocol": {"type": "str", "choices": ["tcp", "udp", "icmp"], "required": True},
            "ports": {"type": "str", "default": ""},
            side: {"type": "dict", "options": TARGET_SPEC, "apply_defaults": True},
        },
    }


SPEC = {"inbound": _rules_spec("sources"), "outbound": _rules_spec("destinations")}


def problems(firewalls: dict[str, Any], names: Names) -> list[str]:
    """Check firewalls whose types are right already."""
    return [problem for name, firewall in firewalls.items() for problem in _problems(name, firewall, names)]


def _problems(name: str, firewall: dict[str, Any], names: Names) -> list[str]:
    where = f"firewalls.{name}"
    found = []
    for direction, _field, side in SIDES:
        for index, rule in enumerate(firewall[direction] or []):
            found += _rule_problems(f"{where}.{direction}[{index}]", rule, side)
    if found:
        return found
    count = sum(len(rules) for rules in declared(firewall, names).values())
    if count == 0:
        return [
            f"{where}: none of its rules names anybody, and DigitalOcean wants one at least. Leave the firewall out."
        ]
    if count > RULES_LIMIT:
        return [f"{where}: it has {count} rules; DigitalOcean takes {RULES_LIMIT}. Make two of it."]
    return []


def _rule_problems(where: str, rule: Rule, side: str) -> list[str]:
    found = []
    if rule["protocol"] != "icmp" and not _valid_ports(rule["ports"]):
        found.append(f"{where}.ports: {rule['ports']!r} is not a port, a range (8000-9000) or all.")
    for address in rule[side]["addresses"]:
        try:
            ip_network(address)
        except ValueError as error:
            found.append(f"{where}.{side}.addresses: {error}. Example: 203.0.113.7/32.")
    return found


def open_ssh(firewalls: dict[str, Any]) -> list[str]:
    """Report rules that let everybody try SSH, in firewalls without other problems."""
    return [
        f"firewalls.{name}.inbound[{index}].sources.addresses: {address} lets the whole world try SSH. Give "
        "your own networks, such as 203.0.113.7/32 (provision_allowed_ssh_ips), or allow it: set allow_open_ssh "
        "(provision_allow_open_ssh) to true."
        for name, firewall in firewalls.items()
        for index, rule in enumerate(firewall["inbound"] or [])
        for address in rule["sources"]["addresses"]
        if rule["protocol"] == "tcp" and covers_ssh(rule["ports"]) and _is_open(address)
    ]


def covers_ssh(ports: str) -> bool:
    first, _dash, last = ports.partition("-")
    return ports in ALL_PORTS or int(first) <= SSH <= int(last or first)


def _is_open(address: str) -> bool:
    network = ip_network(address)
    return network.prefixlen < WIDEST[network.version]


def _valid_ports(text: str) -> bool:
    if text in ALL_PORTS:
        return True
    first, dash, last = text.partition("-")
    numbers = [first, last] if dash else [first]
    if not all(number.isascii() and number.isdigit() and 1 <= int(number) <= 65535 for number in numbers):
        return False
    return int(numbers[0]) <= int(numbers[-1])


def declared(firewall: dict[str, Any], names: Names) -> dict[str, list[Rule]]:
    """Return the rules as the API accepts them. A rule without any target is left out."""
    given = {"inbound": firewall["inbound"] or [], "outbound": firewall["outbound"]}
    if given["outbound"] is None:
        given["outbound"] = ALLOW_ALL_OUT
    return {
        field: [
            {"protocol": rule["protocol"], **_ports_to_send(rule), side: target}
            for rule in given[direction]
            if (target := _target(rule[side], names))
        ]
        for direction, field, side in SIDES
    }


def _ports_to_send(rule: Rule) -> dict[str, str]:
    """Return the `ports` of a rule; icmp has none, and the API refuses any."""
    return {} if rule["protocol"] == "icmp" else {"ports": _ports(rule)}


def _ports(rule: Rule) -> str:
    ports = rule.get("ports") or ""
    return "all" if rule["protocol"] == "icmp" or ports in ALL_PORTS else ports


def _target(target: dict[str, Any], names: Names) -> dict[str, list[str]]:
    tags = [names.group_tag(group) for group in target.get("groups") or []]
    if target.get("members"):
        tags.append(names.owner_tag)
    addresses = [cidr(address) for address in target.get("addresses") or []]
    return {key: sorted(set(values)) for key, values in (("addresses", addresses), ("tags", tags)) if values}


def cidr(text: str) -> str:
    """Normalise to CIDR (203.0.113.7/32). Leave addresses alone that `ipaddress` cannot parse."""
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        return text


def described(rules: list[Rule], side: str) -> list[str]:
    """Describe rules, such as `tcp 443 from 0.0.0.0/0, ::/0`, one line for each protocol and port, so that lists with
    the same meaning are equal."""
    merged: dict[str, set[str]] = {}
    for rule in rules:
        traffic = rule["protocol"] if rule["protocol"] == "icmp" else f"{rule['protocol']} {_ports(rule)}"
        targets = merged.setdefault(traffic, set())
        for kind, values in rule.get(side, {}).items():
            noun = "" if kind == "addresses" else kind.removesuffix("s") + " "
            targets.update(noun + (cidr(value) if kind == "addresses" else str(value)) for value in values or [])
    word = "from" if side == "sources" else "to"
    return [f"{traffic} {word} {', '.join(sorted(targets))}" for traffic, targets in sorted(merged.items())]


def fields(firewall: dict[str, Any]) -> dict[str, Any]:
    """Return the fields to compare: rules, tags, and droplets attached by hand (there should be none)."""
    return {
        **{direction: described(firewall.get(field) or [], side) for direction, field, side in SIDES},
        "tags": sorted(firewall.get("tags") or []),
        "droplet_ids": sorted(firewall.get("droplet_ids") or []),
    }


def body(name: str, firewall: dict[str, Any], names: Names) -> dict[str, Any]:
    return {"name": names.firewall(name), **declared(firewall, names), "tags": [names.owner_tag], "droplet_ids": []}


def find(name: str, rows: list[Row]) -> Row | None:
    return next((row for row in rows if row["name"] == name), None)


def groups(firewalls: dict[str, Any]) -> list[tuple[str, str]]:
    """Return all inventory groups that rules name, each with its place in the declaration."""
    return [
        (f"firewalls.{name}.{direction}[{index}].{side}.groups", group)
        for name, firewall in firewalls.items()
        for direction, _field, side in SIDES
        for index, rule in enumerate(firewall[direction] or [])
        for group in rule[side]["groups"]
    ]


class Firewalls(Resource):
    kind = "firewall"
    phase = FIREWALLS
    requires = (("tag", ""),)
    arguments: ClassVar[dict[str, Any]] = {
        "firewalls": {"type": "dict", "default": {}},
        "allow_open_ssh": {"type": "bool", "default": False},
    }
    loss = ""

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["firewalls"], found = complete_each("firewalls", declared["firewalls"], SPEC)
        for name in declared["firewalls"]:
            found += name_problems(f"firewalls.{name}", name)
        for where, group in groups(declared["firewalls"]):
            found += group_problems(where, group)
        found += problems(declared["firewalls"], names)
        return found if found or declared["allow_open_ssh"] else open_ssh(declared["firewalls"])

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared = {} if context.is_absent else context.declared["firewalls"]
        self._wanted = {name: body(name, firewall, context.names) for name, firewall in declared.items()}

    def reads(self) -> Reads:
        return {"firewalls": lambda: self.context.client.list("/firewalls", "firewalls")}

    def steps(self, account: Account) -> list[Step]:
        return [self._step(name, wanted, account) for name, wanted in self._wanted.items()]

    def _step(self, short_name: str, wanted: dict[str, Any], account: Account) -> Step:
        name = wanted["name"]
        current = find(name, account["firewalls"])
        after = fields(wanted)
        if current is None:
            shown = {key: value for key, value in after.items() if key != "droplet_ids"}
            return Step(CREATE, "firewall", name, created(shown), lambda: self._create(short_name, wanted))
        self.context.known.put("firewall", short_name, current)
        changes = changed(fields(current), after)
        if not changes:
            return Step(NOOP, "firewall", name)
        path = f"/firewalls/{current['id']}"
        # What is attached in another way loses that only after the droplets have their tag: none is ever without.
        detaches = set(current.get("tags") or []) - set(wanted["tags"]) or current.get("droplet_ids")
        phase = ATTACHED if detaches else FIREWALLS
        return Step(UPDATE, "firewall", name, changes, lambda: self.context.client.put(path, wanted), phase=phase)

    def _create(self, short_name: str, wanted: dict[str, Any]) -> None:
        client = self.context.client

        def look_up() -> dict[str, Any] | None:
            row = find(wanted["name"], client.list("/firewalls", "firewalls"))
            return row and {"firewall": row}

        row = client.create("/firewalls", wanted, look_up)["firewall"]
        self.context.known.put("firewall", short_name, row)

    def surplus(self, account: Account) -> list[Step]:
        keep = {wanted["name"] for wanted in self._wanted.values()}
        rows = [row for row in account["firewalls"] if row["name"] not in keep]
        return [
            Step(DELETE, "firewall", row["name"], apply=lambda id=row["id"]: self._delete(id))
            for row in rows
            if self._is_ours(row)
        ] + [
            Step(DELETE, "firewall", row["name"]).keep(RENAMED)
            for row in rows
            if not self._is_ours(row) and self.context.names.owner_tag in (row.get("tags") or [])
        ]

    def _is_ours(self, row: Row) -> bool:
        """Whether a firewall is the environment's. A declared name is enough: names are unique, and Terraform's has
        other tags."""
        names = self.context.names
        declared = map(names.firewall, self.context.declared["firewalls"])
        tags, droplets = row.get("tags") or [], row.get("droplet_ids") or []
        return row["name"] in declared or names.owns_firewall(row["name"], tags, droplets)

    def _delete(self, id: str) -> None:
        self.context.client.delete(f"/firewalls/{id}")

    def outputs(self) -> dict[str, Any]:
        return {"firewall_ids": self.context.known.ids("firewall")}
