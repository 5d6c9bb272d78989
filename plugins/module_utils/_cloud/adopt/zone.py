# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain whose names lead to an environment, and its records as a declaration has them. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ..account import Row
from ..kinds.domain import OPTIONS
from ..kinds.record import owner
from ..kinds.record.form import ADDRESSES, EXTRA, SPEC, current, problems, target, whole
from .adoption import Adoption, refuse
from .ours import Ours

Zones = dict[str, list[Row]]
TTL = 300  # by default in a declaration


@dataclass
class Slot:
    """Records of one name and type."""

    type: str
    name: str
    rows: list[Row] = field(default_factory=list)

    @property
    def data(self) -> set[str]:
        return {current(row, "").data for row in self.rows}

    @property
    def words(self) -> str:
        return f"{self.name} {self.type}"


def pick(ours: Ours, zones: Zones, said: str, sources: dict[str, str]) -> str:
    """Return the domain with names that lead to us; empty when there is none. Raise Problems when there are several or
    when the one that was asked for does not."""
    leading = sorted(name for name, rows in zones.items() if any(_data(row, name) in sources for row in rows))
    if said:
        fitting = [name for name in leading if said == name or said.endswith(f".{name}")]
        if not fitting:
            held = ", ".join(sorted(row["name"] for row in ours.account["domains"])) or "no domain"
            raise refuse(
                f"domain: no record of {said} in this account leads to {ours.names.base}; the account holds {held}. "
                "Leave domain out, and declare provision_domain later."
            )
        return max(fitting, key=len)
    if len(leading) > 1:
        raise refuse(
            f"domain: names of several domains lead to {ours.names.base}: {', '.join(leading)}. A declaration has one: "
            "say which with -e domain=, and the others stay as they are."
        )
    return next(iter(leading), "")


def _data(row: Row, zone: str) -> str:
    return current(row, zone).data if row["type"] in ADDRESSES else ""


def declare(ours: Ours, zone: str, rows: list[Row], sources: dict[str, str], adoption: Adoption) -> None:
    """Declare the names that lead to us, and all else in a domain that is ours alone. `sources` says what has an
    address: a droplet, or a target's word."""
    whose = owner.owners(rows, zone, ours.account)
    slots = _slots([row for row in rows if whose.get(row["id"], ours.names.owner_tag) == ours.names.owner_tag], zone)
    leading = [slot for slot in slots if slot.type in ADDRESSES and slot.data & sources.keys()]
    rest = [slot for slot in slots if slot not in leading]
    elsewhere = [slot for slot in rest if slot.type in ADDRESSES and slot.data & _account_addresses(ours)]
    is_shared = bool(elsewhere) or bool(set(whose.values()) - {ours.names.owner_tag})
    is_ours = any(slot.name == "@" for slot in leading) or not is_shared
    records = _hosts(ours, zone, leading, sources, adoption)
    taken = [slot for slot in rest if is_ours and slot not in elsewhere and not _fault(slot, zone, ours, adoption)]
    records["records"] += [_record(row, zone, records["ttl"]) for slot in taken for row in slot.rows]
    adoption.declared["domain"] = {
        key: value
        for key, value in records.items()
        if value or key in ("name", "hosts")
        if (key, value) != ("ttl", TTL)
    }
    adoption.found.append(f"domain {zone}: {', '.join(slot.words for slot in leading + taken)}")
    if left := [slot.words for slot in slots if slot not in leading + taken]:
        adoption.found.append(f"of the domain {zone} these stay as they are and are not declared: {', '.join(left)}")
    _serve(records, zone, adoption)


def _slots(rows: list[Row], zone: str) -> list[Slot]:
    """Return the records by name and type, the domain's own name first."""
    found: dict[tuple[str, str], Slot] = {}
    for row in rows:
        if not owner.is_the_domains_own(row) and not owner.is_register(row):
            name = current(row, zone).name
            found.setdefault((name, row["type"]), Slot(row["type"], name)).rows.append(row)
    return [found[key] for key in sorted(found, key=lambda key: (key[0] != "@", key))]


def _account_addresses(ours: Ours) -> set[str]:
    rows = [address for row in ours.account["droplets"] for address in owner.addresses(row).values()]
    rows += [row["ip"] for row in ours.account["reserved_ips"]]
    return {*rows, *(row.get("ip") or "" for row in ours.account["load_balancers"])}


def _hosts(ours: Ours, zone: str, leading: list[Slot], sources: dict[str, str], adoption: Adoption) -> dict[str, Any]:
    """Return the declared domain with the names that lead to us."""
    aims = {(slot.type, slot.name): _aim(slot, sources, adoption) for slot in leading}
    common = Counter(
        (aims[slot.type, slot.name], slot.rows[0].get("ttl") or TTL)
        for slot in leading
        if slot.type == "A" and aims[slot.type, slot.name]
    )
    (aim, ttl), _count = common.most_common(1)[0] if common else (("", TTL), 0)
    found: dict[str, Any] = {"name": zone, "hosts": [], "target": "", "ttl": ttl, "records": []}
    for slot in leading:
        its, its_ttl = aims[slot.type, slot.name], slot.rows[0].get("ttl") or TTL
        if slot.type == "A" and its and (its, its_ttl) == (aim, ttl):
            found["hosts"].append(slot.name)
        elif its:
            more = {"ttl": its_ttl} if its_ttl != ttl else {}
            found["records"].append({"type": slot.type, "name": slot.name, "target": its, **more})
        else:
            found["records"] += [_record(row, zone, ttl) for row in slot.rows]
            adoption.assumed.append(
                f"{slot.words} of {zone} is declared by its addresses, since they are not all those of one group of "
                "droplets"
            )
    usual = target({**adoption.declared, "domain": {"target": ""}})
    return found | ({"target": aim} if aim and aim != usual else {})


def _aim(slot: Slot, sources: dict[str, str], adoption: Adoption) -> str:
    """Return the target that has just these addresses, or an empty text."""
    if len(slot.data) == 1 and (word := sources.get(next(iter(slot.data)))) in ("reserved_ip", "load_balancer"):
        return str(word)
    by_group: dict[str, set[str]] = {}
    for address, word in sources.items():
        if ":" in address if slot.type == "AAAA" else "." in address:
            by_group.setdefault(word, set()).add(address)
    return next((group for group, addresses in by_group.items() if addresses == slot.data), "")


def _record(row: Row, zone: str, ttl: int) -> dict[str, Any]:
    """Return a record as it is declared, by what it says."""
    found = {"type": row["type"], "name": current(row, zone).name, "data": row["data"]}
    found |= {key: row[key] for key in EXTRA.get(row["type"], ()) if row.get(key) is not None}
    return found | ({"ttl": row["ttl"]} if (row.get("ttl") or ttl) != ttl else {})


def _fault(slot: Slot, zone: str, ours: Ours, adoption: Adoption) -> str:
    """Return why a declaration cannot say these records, and note it."""
    if slot.type not in SPEC["type"]["choices"]:
        found = [f"a declaration has no {slot.type} records"]
    else:
        given = {"name": zone, "hosts": [], "records": [_record(row, zone, TTL) for row in slot.rows]}
        checked = ArgumentSpecValidator({"domain": {"type": "dict", "options": OPTIONS}}).validate({"domain": given})
        declared = {"domain": checked.validated_parameters["domain"], "droplets": {}}
        found = list(checked.error_messages) or problems(declared, ours.names)
    adoption.todo += (
        [f"the record {slot.words} of {zone} is not declared and stays as it is: {' '.join(found)}"] if found else []
    )
    return " ".join(found)


def _serve(declared: dict[str, Any], zone: str, adoption: Adoption) -> None:
    """Note the names by which visitors come: the domain and its www, or else the first one."""
    aliases = [
        row["name"] for row in declared["records"] if row["type"] == "CNAME" and whole(row["data"], zone) == zone
    ]
    known = [*declared["hosts"], *(aliases if "@" in declared["hosts"] else [])]
    hosts = [name for name in ("@", "www") if name in known] or known[:1]
    adoption.served = [zone if name == "@" else f"{name}.{zone}" for name in hosts]
