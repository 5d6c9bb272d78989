# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which droplets are declared. Pure."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

from ...declaration import WORDS, group_problems, name_problems, slug_problems
from ...names import Names

HOSTNAME_LIMIT = 63  # characters
USER_DATA_LIMIT = 64 * 1024  # bytes
TAG = re.compile(r"[a-zA-Z0-9_:-]{1,255}")
OFF = {"type": "bool", "default": False}
SPEC = {
    "count": {"type": "int", "default": 1},
    "size": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "groups": WORDS,
    "tags": WORDS,
    "monitoring": OFF,
    "backups": OFF,
    "ipv6": OFF,
}


@dataclass(frozen=True)
class Wanted:
    """One declared droplet."""

    name: str
    group: str
    size: str
    image: str
    tags: tuple[str, ...]
    monitoring: bool
    backups: bool
    ipv6: bool

    @property
    def where(self) -> str:
        return f"droplets.{self.group}"


def wanted(groups: dict[str, Any], names: Names) -> list[Wanted]:
    return [
        Wanted(
            name=names.droplet(group, number),
            group=group,
            tags=tuple(dict.fromkeys([names.owner_tag, *map(names.group_tag, droplet["groups"]), *droplet["tags"]])),
            **{field: droplet[field] for field in ("size", "image", "monitoring", "backups", "ipv6")},
        )
        for group, droplet in groups.items()
        for number in range(1, droplet["count"] + 1)
    ]


def spelled(droplet: Wanted, spellings: dict[str, str]) -> Wanted:
    """Spell its tags as the account does: of names that differ in case only, the first one stays."""
    return replace(droplet, tags=tuple(dict.fromkeys(spellings.get(tag.lower(), tag) for tag in droplet.tags)))


def problems(declared: dict[str, Any], names: Names) -> list[str]:
    """Check droplets whose types are right already."""
    droplets = declared["droplets"]
    found = []
    for name, droplet in droplets.items():
        found += name_problems(f"droplets.{name}", name)
        for option in ("size", "image"):
            found += slug_problems(f"droplets.{name}.{option}", droplet[option])
        for group in droplet["groups"]:
            found += group_problems(f"droplets.{name}.groups", group)
        for tag in droplet["tags"]:
            found += _tag_problems(f"droplets.{name}.tags", tag)
        if droplet["count"] < 0:
            found.append(f"droplets.{name}.count: {droplet['count']} is less than 0.")
    hosts = Counter(droplet.name for droplet in wanted(droplets, names))
    for name, count in hosts.items():
        if count > 1:
            found.append(f"droplets: {count} droplets would be named {name}. Rename a group.")
        if len(name) > HOSTNAME_LIMIT:
            found.append(
                f"droplets: {name} has {len(name)} characters; a host name has {HOSTNAME_LIMIT} at most. "
                "Choose shorter names."
            )
    for option in ("allow_replace", "replace"):
        found += [
            f"{option}: {name!r} is not a declared droplet. There are: {', '.join(hosts) or 'none'}."
            for name in declared[option]
            if name not in hosts
        ]
    if len(declared["user_data"].encode()) > USER_DATA_LIMIT:
        found.append("user_data: it is longer than 64 KiB, the most that DigitalOcean takes.")
    return found


def _tag_problems(where: str, tag: str) -> list[str]:
    if not TAG.fullmatch(tag):
        return [f"{where}: {tag!r} is not a valid tag: letters, digits, _, - and :, 255 at most."]
    if tag.startswith(("izzzi:", "izzzi-door:")):
        return [f"{where}: {tag!r} begins as the tags that this module gives. Use groups for those."]
    return []
