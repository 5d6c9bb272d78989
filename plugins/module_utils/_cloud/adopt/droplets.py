# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets of an account as groups of a declaration. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..account import Row
from ..names import ADDRESS, Names
from .adoption import Adoption, refuse
from .ours import Ours

FEATURES = ("monitoring", "backups", "ipv6")
ORDER = ("size", "image", "groups", "tags", *FEATURES)
OF_SWARM = {"managers", "workers"}
FIRST = ("app", "web")  # how people call the server of an app
MANAGERS = (1, 3, 5)
Groups = dict[str, dict[str, Any]]


def inventory_groups(row: Row, names: Names) -> list[str]:
    """Return the groups of which a droplet is by our own tags already."""
    parts = [tag.removeprefix(f"{names.owner_tag}:") for tag in row["tags"] if tag.startswith(f"{names.owner_tag}:")]
    return sorted(part for part in parts if ":" not in part and part != ADDRESS)


def runner_of(ours: Ours, said: str) -> str:
    """Return the runner that our tags tell, else the one that was asked for. Raise Problems when they disagree."""
    there = {group for row in ours.droplets for group in inventory_groups(row, ours.names)}
    known = "swarm" if there & OF_SWARM else "compose" if "web" in there else ""
    if known and said and known != said:
        raise refuse(
            f"runner: you said {said}, and the droplets are in the groups {', '.join(sorted(there))} by their tags, "
            f"which is {known}. Leave runner out."
        )
    return known or said or "compose"


def declare(ours: Ours, said: str, marks: Mapping[str, Any], adoption: Adoption) -> dict[str, list[str]]:
    """Declare the droplets. `marks` are what else must be alike within a group, by droplet. Return the droplets' names
    by group."""
    adoption.runner = runner_of(ours, said)
    roles = _roles(ours, adoption)
    left = {
        ours.suffix(row): {**_settings(row), "groups": roles[row["name"]], "mark": marks.get(row["name"])}
        for row in ours.droplets
    }
    groups: Groups = {}
    members: dict[str, list[str]] = {}
    for group in sorted(left, key=lambda suffix: (len(suffix), suffix)):
        if group not in left:
            continue
        settings, count = left.pop(group), 1
        while left.get(f"{group}-{count + 1}") == settings:
            count += 1
            left.pop(f"{group}-{count}")
        groups[group] = {"count": count, **{key: settings[key] for key in ORDER if key in settings}}
        members[group] = [ours.names.droplet(group, number) for number in range(1, count + 1)]
    adoption.declared["droplets"] = groups
    adoption.found += [_told(group, groups[group], names) for group, names in members.items()]
    adoption.todo += [
        f"the droplet {row['name']} is powered off, and the first plan powers it on: a declared droplet runs"
        for row in ours.droplets
        if row["status"] == "off"
    ]
    return members


def _settings(row: Row) -> dict[str, Any]:
    """Return the fields of a declaration that an account tells, without those that are as by default."""
    image = row.get("image") or {}
    tags = [tag for tag in row["tags"] if not tag.lower().startswith(("izzzi:", "izzzi-door:"))]
    found: dict[str, Any] = {"size": row["size_slug"], "image": image.get("slug") or str(image.get("id", ""))}
    found |= {"tags": sorted(tags)} if tags else {}
    return found | {feature: True for feature in FEATURES if feature in row["features"]}


def _told(group: str, settings: dict[str, Any], names: list[str]) -> str:
    return f"droplets {group}: {', '.join(names)} ({settings['size']}, {settings['image']})"


def _roles(ours: Ours, adoption: Adoption) -> dict[str, list[str]]:
    """Return the inventory groups of each droplet: those of its tags, else what its name suggests."""
    known = {row["name"]: inventory_groups(row, ours.names) for row in ours.droplets}
    if any(known.values()) or not known:
        return known
    return (_swarm if adoption.runner == "swarm" else _compose)(ours, adoption)


def _compose(ours: Ours, adoption: Adoption) -> dict[str, list[str]]:
    suffixes = {row["name"]: ours.suffix(row) for row in ours.droplets}
    oldest = ours.suffix(min(ours.droplets, key=lambda row: row["id"]))
    first = next((word for word in FIRST if word in suffixes.values()), oldest)
    servers = [name for name, suffix in suffixes.items() if re.fullmatch(rf"{re.escape(first)}(-\d+)?", suffix)]
    adoption.assumed.append(f"the app runs on {', '.join(servers)}: the group web")
    if len(servers) > 1:
        adoption.todo.append(
            f"{', '.join(servers)} are in the group web, and with Compose each runs the app with a database of its "
            "own: leave one in it, or ask for runner=swarm"
        )
    if rest := sorted(set(suffixes) - set(servers)):
        adoption.todo.append(
            f"{', '.join(rest)} is in no group of the inventory, so that site.yml hardens it and runs nothing of the "
            "app there: give it `groups` where that is not meant"
        )
    return {name: ["web"] if name in servers else [] for name in suffixes}


def _swarm(ours: Ours, adoption: Adoption) -> dict[str, list[str]]:
    suffixes = {row["name"]: ours.suffix(row) for row in ours.droplets}
    managers = [name for name, suffix in suffixes.items() if suffix.startswith("manager")]
    if not managers:
        managers = sorted(suffixes) if len(suffixes) in MANAGERS else sorted(suffixes)[:1]
    workers = sorted(set(suffixes) - set(managers))
    then = f", and its workers {', '.join(workers)}" if workers else ""
    adoption.assumed.append(f"the Swarm's managers are {', '.join(managers)}{then}")
    return {name: ["managers"] if name in managers else ["workers"] for name in suffixes}
