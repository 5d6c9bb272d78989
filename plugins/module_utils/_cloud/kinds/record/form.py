# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records in the one form in which both sides are compared, and what may be declared. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from ...account import Row
from ...names import Names
from ..droplet import droplet as droplet_kind

SPEC = {
    "type": {"type": "str", "required": True, "choices": ["A", "AAAA", "CNAME", "MX", "TXT", "CAA", "SRV", "NS"]},
    "name": {"type": "str", "default": "@"},
    "data": {"type": "str", "default": ""},
    "target": {"type": "str", "default": ""},
    "ttl": {"type": "int"},
    "priority": {"type": "int"},
    "port": {"type": "int"},
    "weight": {"type": "int"},
    "flags": {"type": "int"},
    "tag": {"type": "str", "choices": ["issue", "issuewild", "iodef"]},
}
# What a type has beside data and ttl, and the most that each may be.
EXTRA = {"MX": ("priority",), "SRV": ("priority", "port", "weight"), "CAA": ("flags", "tag")}
LIMITS = {"priority": 65535, "port": 65535, "weight": 65535, "flags": 255}
DEFAULTS = {"flags": 0, "tag": "issue"}
ADDRESSES = {"A": IPv4Address, "AAAA": IPv6Address}
HOSTS = ("CNAME", "MX", "NS", "SRV")  # their data is a host's name
RESERVED_IP, LOAD_BALANCER = "reserved_ip", "load_balancer"  # targets; no group of droplets has an underscore
LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
OWNER = re.compile(rf"(\*|(\*\.)?{LABEL}(\.{LABEL})*|@)")
HOST = re.compile(rf"{LABEL}(\.{LABEL})*")
SHORTEST_TTL = 30  # seconds, the least that DigitalOcean takes

Slot = tuple[str, str, str]


@dataclass(frozen=True)
class Record:
    """In the one form in which both sides are compared: names relative, host names whole and without the last dot."""

    type: str
    name: str
    data: str
    ttl: int
    priority: int | None = None
    port: int | None = None
    weight: int | None = None
    flags: int | None = None
    tag: str | None = None
    source: str = ""  # whose address `data` is, for a record that points to something of ours

    @property
    def slot(self) -> Slot:
        """Return what the record competes for. TXT records of one name are independent of each other, so their kind
        (v=spf1, google-site-verification) is part of it."""
        word = self.data.split(maxsplit=1)[0].rstrip(";") if self.type == "TXT" and self.data.strip() else ""
        kind = word if word.startswith("v=") else word.partition("=")[0]
        return self.type, self.name, kind

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("data", "ttl", *EXTRA.get(self.type, ()))}

    def shown(self) -> dict[str, Any]:
        return {**self.fields(), "data": self.data or f"the address of {self.source}"}


# -- one form


def relative(name: str, domain: str) -> str:
    name = name.strip().lower().removesuffix(".")
    return "@" if name in ("", "@", domain) else name.removesuffix(f".{domain}")


def whole(name: str, domain: str) -> str:
    """Return the full host name: `@` is the domain, `mail` a host in it, `mail.example.org` any host."""
    name = name.strip().lower()
    if name in ("@", f"{domain}."):
        return domain
    return name.removesuffix(".") if "." in name else f"{name}.{domain}"


def current(row: Row, domain: str) -> Record:
    return normal(row, domain, row.get("ttl") or 0)


def normal(given: dict[str, Any], domain: str, ttl: int) -> Record:
    kind, data = given["type"], given.get("data") or ""
    extra = {name: given.get(name) for name in EXTRA.get(kind, ())}
    extra = {name: DEFAULTS.get(name) if value is None else value for name, value in extra.items()}
    if kind in HOSTS or (kind == "CAA" and extra["tag"] != "iodef"):
        data = whole(data, domain) if data not in ("", ".", ";") else data
    elif kind in ADDRESSES:
        data = address(kind, data)
    else:
        data = data.strip()
    return Record(kind, relative(given.get("name") or "@", domain), data, ttl, **extra)


def address(kind: str, text: str) -> str:
    try:
        return str(ADDRESSES[kind](text.strip()))
    except ValueError:
        return text.strip()


def body(record: Record) -> dict[str, Any]:
    """Return a record as the API accepts it: host names end in a dot, which it does not return."""
    dotted = record.type in HOSTS or (record.type == "CAA" and record.tag != "iodef")
    data = record.data + "." if dotted and not record.data.endswith((".", ";")) else record.data
    return {"type": record.type, "name": record.name, **record.fields(), "data": data}


def title(record: Record, domain: str) -> str:
    host = domain if record.name == "@" else f"{record.name}.{domain}"
    return f"{host} {record.type}"


# -- what is declared


def wanted(declared: dict[str, Any], names: Names) -> list[Record]:
    """Return the declared records. Those that point to a resource of ours have a source and no data yet."""
    domain = declared["domain"]
    hosts = [{"type": "A", "name": host, "target": target(declared)} for host in domain["hosts"]]
    found = []
    for given in [*hosts, *domain["records"]]:
        record = normal(given, domain["name"], given.get("ttl") or domain["ttl"])
        if not given.get("target"):
            found.append(record)
            continue
        found += [replace(record, source=source) for source in sources(given["target"], declared, names)]
    return found


def target(declared: dict[str, Any]) -> str:
    """Return what the hosts point to by default; empty if that is ambiguous."""
    groups = list(declared["droplets"])
    if declared["domain"]["target"]:
        return declared["domain"]["target"]
    if declared.get("load_balancer"):
        return LOAD_BALANCER
    if declared.get("reserved_ip"):
        return RESERVED_IP
    if "app" in groups:
        return "app"
    return groups[0] if len(groups) == 1 else ""


def sources(target: str, declared: dict[str, Any], names: Names) -> list[str]:
    """Return what records can point to: droplets by name, the reserved IP, the load balancer. Each has one address."""
    if target in (RESERVED_IP, LOAD_BALANCER):
        return [target]
    return [droplet.name for droplet in droplet_kind.wanted(declared["droplets"], names) if droplet.group == target]


def problems(declared: dict[str, Any], names: Names) -> list[str]:
    domain = declared["domain"]
    found = []
    if domain["hosts"] and not target(declared):
        groups = ", ".join(declared["droplets"]) or "none is declared"
        found.append(
            f"domain.target: what do the hosts point to? Name a group of droplets ({groups}), reserved_ip or "
            "load_balancer; or set domain.hosts to []."
        )
    found += _target_problems("domain.target", domain["target"], declared)
    found += _ttl_problems("domain.ttl", domain["ttl"])
    found += _name_problems("domain.hosts", domain["hosts"], domain["name"])
    for index, given in enumerate(domain["records"]):
        where = f"domain.records[{index}] ({given['type']} {given['name']})"
        found += _record_problems(where, given, declared)
    return found or _set_problems(wanted(declared, names), domain["name"])


def _record_problems(where: str, given: dict[str, Any], declared: dict[str, Any]) -> list[str]:
    kind, found = given["type"], _name_problems(where, [given["name"]], declared["domain"]["name"])
    found += _ttl_problems(f"{where}: ttl", given["ttl"])
    found += _target_problems(f"{where}: target", given["target"], declared)
    if bool(given["data"].strip()) == bool(given["target"]):
        found.append(f"{where}: give either data or target.")
    elif given["target"] and kind not in ADDRESSES:
        found.append(f"{where}: only A and AAAA records have a target; give data.")
    elif given["data"]:
        found += _data_problems(where, given, declared["domain"]["name"])
    for name in ("priority", "port", "weight", "flags", "tag"):
        value, belongs = given[name], name in EXTRA.get(kind, ())
        if value is not None and not belongs:
            found.append(f"{where}: a {kind} record has no {name}.")
        elif value is None and belongs and name not in DEFAULTS:
            found.append(f"{where}: it needs a {name}.")
        elif belongs and name in LIMITS and value is not None and not 0 <= value <= LIMITS[name]:
            found.append(f"{where}: {name} is {value}; it goes from 0 to {LIMITS[name]}.")
    return found


def _name_problems(where: str, given: list[str], domain: str) -> list[str]:
    return [
        f"{where}: {name!r} is not a name in {domain}. Examples: @ (the domain itself), www, *.apps."
        for name in given
        if not OWNER.fullmatch(relative(name, domain)) or len(name) > 253
    ]


def _ttl_problems(where: str, ttl: int | None) -> list[str]:
    if ttl is None or SHORTEST_TTL <= ttl < 2**31:
        return []
    return [f"{where}: {ttl} is not from {SHORTEST_TTL} to {2**31 - 1} seconds."]


def _target_problems(where: str, target: str, declared: dict[str, Any]) -> list[str]:
    if not target or target in declared["droplets"]:
        return []
    if target in (RESERVED_IP, LOAD_BALANCER):
        return [] if declared.get(target) else [f"{where}: there is no {target} declared."]
    known = ", ".join([*declared["droplets"], RESERVED_IP, LOAD_BALANCER])
    return [f"{where}: {target!r} is not a group of droplets. There are: {known}."]


def _data_problems(where: str, given: dict[str, Any], domain: str) -> list[str]:
    kind, data = given["type"], given["data"].strip()
    if kind in ADDRESSES:
        try:
            ADDRESSES[kind](data)
        except ValueError as error:
            return [f"{where}: data: {error}."]
    if data in (".", ";"):
        return [
            f"{where}: data: DigitalOcean refuses {data!r}, so that there is nothing cannot be said of a name there. "
            "Leave the record out."
        ]
    if kind in HOSTS and not HOST.fullmatch(whole(data, domain)):
        return [f"{where}: data: {data!r} is not a host's name."]
    if kind == "CAA" and given["tag"] != "iodef" and not HOST.fullmatch(whole(data, domain)):
        return [
            f"{where}: data: DigitalOcean takes the name of a certificate authority, such as letsencrypt.org, and "
            f"nothing behind it: not {data!r}."
        ]
    return []


def _set_problems(records: list[Record], domain: str) -> list[str]:
    """Check the records together."""
    found = []
    for record, count in Counter(records).items():
        if count > 1:
            found.append(f"domain: the record {title(record, domain)} {record.shown()['data']} is there {count} times.")
    slots: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        slots.setdefault((record.type, record.name), []).append(record)
    for (kind, name), members in slots.items():
        host = title(members[0], domain)
        if len({record.ttl for record in members}) > 1:
            found.append(f"domain: the records of {host} must have one ttl; DigitalOcean would change it silently.")
        if kind == "CNAME" and name == "@":
            found.append(f"domain: {host}: a domain itself cannot be an alias. Use A records.")
        elif kind == "CNAME" and (len(members) > 1 or any(other[1] == name for other in slots if other[0] != kind)):
            found.append(f"domain: {host}: a name with a CNAME record can have no other record.")
    return found
