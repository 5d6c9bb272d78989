# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Firewalls of an account as rules of a declaration, and what adopting them changes for droplets. Pure."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from ..account import Row
from ..declaration import GROUP, NAME, complete_each
from ..kinds.firewall import ALL_PORTS, ALLOW_ALL_OUT, SIDES, SPEC, cidr, covers_ssh, described, open_ssh
from ..names import Names
from .adoption import Adoption, refuse, slug
from .ours import Ours

EXPRESSIBLE = {"addresses", "tags"}
HERE = "(control panel: Networking, Firewalls)"


def attached(row: Row, ours: Ours) -> set[int]:
    """Return the ids of the droplets that a firewall protects, by their ids or by their tags."""
    return ours.covered(row.get("tags") or [], row.get("droplet_ids") or [])


def declare(ours: Ours, adoption: Adoption) -> None:
    """Declare the firewalls of our names. What protects our droplets under another name stays, and counts."""
    declared: dict[str, Any] = {}
    networks: dict[str, None] = {}
    for row in sorted(ours.account["firewalls"], key=lambda row: row["name"]):
        name, ids = row["name"], attached(row, ours)
        short = name.removeprefix(f"{ours.names.base}-fw-")
        is_named = short != name and NAME.fullmatch(short) is not None
        protects = ids & set(ours.droplet_names)
        if not (is_named or protects) or name.startswith(ours.names.door_firewalls):
            continue
        if protects:
            networks |= dict.fromkeys(_ssh_networks(row))
        if not is_named:
            adoption.todo.append(_renaming(row, ours))
        elif rules := _rules(row, ours, adoption):
            declared[short] = rules
            _tell_reach(row, ids, ours, adoption)
    adoption.declared["firewalls"] = declared
    if open_ssh(complete_each("firewalls", declared, SPEC)[0]):
        adoption.declared["allow_open_ssh"] = True
        adoption.todo.append(
            "the whole world may try SSH, as the account has it: set provision_allowed_ssh_ips to your own networks, "
            "and take provision_allow_open_ssh out"
        )
    adoption.allowed_ssh_ips = [one for one in networks if not _is_inside(one, ours.vpc["ip_range"])]
    if inside := [one for one in networks if one not in adoption.allowed_ssh_ips]:
        adoption.assumed.append(
            f"SSH from the network itself ({', '.join(inside)}) stays let in by the account's firewalls, and not by "
            "those of the hosts, which configure.yml makes: add it to provision_allowed_ssh_ips where it is needed"
        )
    adoption.found += [f"firewall {ours.names.firewall(short)}" for short in declared]
    if unprotected := _unprotected(ours):
        adoption.todo.append(
            f"{', '.join(unprotected)} is behind no firewall of the account, so that the whole world reaches all its "
            "ports. Declare provision_firewalls; without that line the collection's own three are made"
        )


def _rules(row: Row, ours: Ours, adoption: Adoption) -> dict[str, Any]:
    """Return the rules of a firewall, or nothing with a note when a declaration cannot say them. Raise Problems when
    the plan would take the firewall for surplus."""
    found: dict[str, Any] = {}
    for direction, field, side in SIDES:
        found[direction] = []
        for rule in row.get(field) or []:
            declared = _rule(rule, side, ours.names)
            if isinstance(declared, str):
                why = (
                    f"the firewall {row['name']}: its {direction} rule {_words(rule)} names {declared}, and a "
                    "declaration can name addresses, members and groups"
                )
                if ours.names.owner_tag in (row.get("tags") or []):
                    raise refuse(f"firewalls: {why}. Change that rule {HERE}.")
                adoption.todo.append(f"{why}. So it is not declared; it stays as it is, and what it allows counts")
                return {}
            found[direction].append(declared)
    if not found["inbound"] and not found["outbound"]:
        return {}
    if described(row.get("outbound_rules") or [], "destinations") == described(ALLOW_ALL_OUT, "destinations"):
        found.pop("outbound")
    return found


def _rule(rule: Row, side: str, names: Names) -> dict[str, Any] | str:
    """Return a rule as it is declared, or what it names that cannot be declared."""
    target = rule.get(side) or {}
    if strange := sorted(key for key, value in target.items() if value and key not in EXPRESSIBLE):
        return " and ".join(strange)
    groups = [tag.removeprefix(f"{names.owner_tag}:") for tag in target.get("tags") or [] if tag != names.owner_tag]
    for tag in target.get("tags") or []:
        if not names.owns_tag(tag):
            return f"the tag {tag}"
    if bad := [group for group in groups if not GROUP.fullmatch(group)]:
        return f"the tag {names.group_tag(bad[0])}"
    said: dict[str, Any] = {}
    said |= {"addresses": [cidr(one) for one in target["addresses"]]} if target.get("addresses") else {}
    said |= {"groups": groups} if groups else {}
    said |= {"members": True} if names.owner_tag in (target.get("tags") or []) else {}
    ports = {} if rule["protocol"] == "icmp" else {"ports": "all" if _is_all(rule) else str(rule["ports"])}
    return {"protocol": rule["protocol"], **ports, side: said}


def _is_all(rule: Row) -> bool:
    return (rule.get("ports") or "0") in ALL_PORTS


def _words(rule: Row) -> str:
    return rule["protocol"] if rule["protocol"] == "icmp" else f"{rule['protocol']} {rule.get('ports') or 'all'}"


def _ssh_networks(row: Row) -> list[str]:
    """Return the addresses from which a firewall lets in SSH."""
    rules = [rule for rule in row.get("inbound_rules") or [] if rule["protocol"] == "tcp"]
    let_in = [rule for rule in rules if _is_all(rule) or covers_ssh(str(rule["ports"]))]
    return [cidr(one) for rule in let_in for one in (rule.get("sources") or {}).get("addresses") or []]


def _is_inside(network: str, range_: str) -> bool:
    one = ip_network(network)
    return one.version == 4 and one.subnet_of(ip_network(range_))


def _renaming(row: Row, ours: Ours) -> str:
    return (
        f"the firewall {row['name']} protects droplets of {ours.names.base} and is not named "
        f"{ours.names.firewall('NAME')}, so that it is not declared; it stays as it is, and what it allows counts. To "
        f"have it declared, rename it to {ours.names.firewall(slug(row['name'], ours.names))} {HERE} and write the "
        "inventory anew"
    )


def _tell_reach(row: Row, ids: set[int], ours: Ours, adoption: Adoption) -> None:
    """Say for whom rules begin and for whom they end, since a declared firewall is on all droplets of the environment
    and on no other."""
    more = sorted(name for id, name in ours.droplet_names.items() if id not in ids)
    lets_in = sorted({_words(rule).replace(" 0", " all") for rule in row.get("inbound_rules") or []})
    if more and lets_in:
        adoption.todo.append(
            f"the firewall {row['name']} is not on {', '.join(more)} now, and provision.yml puts it on all droplets of "
            f"the environment, so that these let in {', '.join(lets_in)}, too: take the rules out where that is not "
            "meant"
        )
    if fewer := sorted(ours.others(ids)):
        adoption.todo.append(
            f"the firewall {row['name']} protects {', '.join(fewer)}, too, which is not {ours.names.base}'s, and "
            "provision.yml ends that: give it another firewall first"
        )


def _unprotected(ours: Ours) -> list[str]:
    covered: set[int] = set().union(*(attached(row, ours) for row in ours.account["firewalls"]))
    return sorted(name for id, name in ours.droplet_names.items() if id not in covered)
