# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a DNS record is. Records have no tags: those that a run has made are named in a register, TXT records beside
them, and one that points to a droplet, reserved IP or load balancer belongs to its environment: docs/decisions/0009."""

from __future__ import annotations

from ...account import Account, Row
from ...names import PREFIX, Names, address_owners
from ...resource import Context
from .form import ADDRESSES, address, current, wanted

REGISTER = f"_{PREFIX}"  # under this name stand the registers
Claim = tuple[str, str, int]  # type, name and id of a record
TEXT_LIMIT = 255  # characters of one string in a TXT record


def is_the_domains_own(row: Row) -> bool:
    """Whether DigitalOcean makes the record with the domain."""
    return row["type"] == "SOA" or (row["type"] == "NS" and row["name"] == "@")


def addresses(row: Row) -> dict[str, str]:
    """Return the public addresses of a droplet by the type of record that they fit."""
    networks = row.get("networks") or {}
    pairs = (("A", networks.get("v4") or []), ("AAAA", networks.get("v6") or []))
    return {kind: address(kind, n["ip_address"]) for kind, rows in pairs for n in rows if n["type"] == "public"}


def register_name(names: Names) -> str:
    return f"{REGISTER}.{names.base}"


def register_title(names: Names, domain: str) -> str:
    return f"{register_name(names)}.{domain} TXT"


def is_register(row: Row) -> bool:
    return row["type"] == "TXT" and row["name"].startswith(f"{REGISTER}.") and " owns " in row["data"]


def own_register(rows: list[Row], names: Names) -> list[Row]:
    return [row for row in rows if is_register(row) and row["name"] == register_name(names)]


def register_lines(claims: set[Claim], names: Names) -> list[str]:
    """Return the texts of the register, split to fit into TXT records. Type and name are for people; the id makes sure
    that a record that somebody else makes under the same name is never taken for ours."""
    lines: list[str] = []
    for word in sorted(f"{kind}:{name}:{id}" for kind, name, id in claims):
        if not lines or len(lines[-1]) + 1 + len(word) > TEXT_LIMIT:
            lines.append(f"{names.owner_tag} owns")
        lines[-1] += f" {word}"
    return sorted(lines)


def registered(rows: list[Row]) -> dict[int, str]:
    """Return the owner's tag of each record that a register names, by the record's id."""
    found: dict[int, str] = {}
    for row in rows:
        if is_register(row):
            owner, _owns, words = row["data"].partition(" owns ")
            found |= {int(id): owner for word in words.split() if (id := word.rpartition(":")[2]).isdigit()}
    return found


def owners(rows: list[Row], domain: str, account: Account) -> dict[int, str]:
    """Return the tag of the environment that each record belongs to, by the record's id, without those of nobody."""
    tags: dict[str, str] = {}
    for kind in ("droplets", "load_balancers"):
        for row in account.get(kind, []):
            found = addresses(row) if kind == "droplets" else {"A": row.get("ip") or ""}
            tag = owner_of([*(row.get("tags") or []), row.get("tag") or ""])
            tags |= {address: tag for address in found.values() if tag and address}
    tags |= address_owners(tag["name"] for tag in account.get("tags", []))
    for row in account.get("reserved_ips", []):
        if tag := owner_of((row.get("droplet") or {}).get("tags") or []):
            tags[row["ip"]] = tag
    register = registered(rows)
    found = {}
    for row in rows:
        record = current(row, domain)
        if tag := (tags.get(record.data) if record.type in ADDRESSES else None) or register.get(row["id"]):
            found[row["id"]] = tag
        elif is_register(row):
            found[row["id"]] = row["data"].partition(" owns ")[0]
    return found


def owner_of(tags: list[str]) -> str:
    """Return the environment's tag, izzzi:PROJECT:ENVIRONMENT, among a resource's tags."""
    ours = [tag for tag in tags if tag.startswith(f"{PREFIX}:") and tag.count(":") >= 2]
    return ":".join(min(ours, key=len).split(":")[:3]) if ours else ""


def leftover(context: Context, domain: str, rows: list[Row], account: Account) -> list[Row]:
    """Return our records that are not declared. If all is removed, also those that are as declared."""
    owner, declared = owners(rows, domain, account), context.declared
    is_declared = bool(declared["domain"]) and declared["domain"]["name"] == domain
    records = wanted(declared, context.names) if is_declared else []
    ours = [row for row in rows if owner.get(row["id"]) == context.names.owner_tag]
    if context.is_absent:
        return ours + [row for row in rows if row["id"] not in owner and current(row, domain) in records]
    slots = {record.slot for record in records}
    return [row for row in ours if current(row, domain).slot not in slots]


def shares(names: Names, rows: list[Row], domain: str, account: Account) -> bool:
    """Whether another environment has records in the domain."""
    return bool(set(owners(rows, domain, account).values()) - {names.owner_tag})
