# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags must exist before a firewall can name them."""

from __future__ import annotations

from typing import Any

from ..account import Account, Reads
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, Step
from ..resource import BASE, Context, Resource
from . import firewall, reserved_ip, volume
from .droplet import declared as droplet_declared

MARKS = "it says whose the volumes are that stay."


def wanted(declared: dict[str, Any], names: Names) -> list[str]:
    """Return the environment's own tag and all tags that droplets carry and rules name."""
    of_droplets = [tag for droplet in droplet_declared.wanted(declared["droplets"], names) for tag in droplet.tags]
    of_rules = [names.group_tag(group) for _where, group in firewall.groups(declared["firewalls"])]
    first: dict[str, str] = {}
    for tag in (names.owner_tag, *of_droplets, *of_rules):
        first.setdefault(tag.lower(), tag)  # names that differ in case only are one tag
    return list(first.values())


class Tags(Resource):
    kind = "tag"
    phase = BASE

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wanted = [] if context.is_absent else wanted(context.declared, context.names)

    def reads(self) -> Reads:
        return {"tags": lambda: self.context.client.list("/tags", "tags")}

    def problems(self, account: Account) -> list[str]:
        """Report tags of ours that exist in another spelling: resources are looked up by the exact one."""
        existing = {tag["name"].lower(): tag["name"] for tag in account["tags"]}
        return [
            f"tags: the account spells the tag {name} as {existing[name]}, and DigitalOcean keeps the first spelling. "
            f"Delete the tag {existing[name]}."
            for name in self._wanted
            if self.context.names.owns_tag(name) and existing.get(name, name) != name
        ]

    def steps(self, account: Account) -> list[Step]:
        existing = {tag["name"].lower(): tag["name"] for tag in account["tags"]}
        return [
            Step(NOOP, "tag", existing[name.lower()])
            if name.lower() in existing
            else Step(CREATE, "tag", name, apply=lambda name=name: self._create(name))
            for name in self._wanted
        ]

    def _create(self, name: str) -> None:
        client = self.context.client
        client.create("/tags", {"name": name}, lambda: client.find(f"/tags/{name}"))

    def surplus(self, account: Account) -> list[Step]:
        """Delete unused tags of ours with `prune`; without it they are not mentioned, since they cost nothing."""
        if not self.context.may_delete:
            return []
        names = self.context.names
        keep = {*self._wanted, *reserved_ip.marks(self.context, account)}
        found = [
            Step(DELETE, "tag", tag["name"], apply=lambda name=tag["name"]: self.context.client.delete(f"/tags/{name}"))
            for tag in account["tags"]
            if names.owns_tag(tag["name"]) and tag["name"] not in keep
        ]
        if not volume.kept(self.context, account):
            return found
        return [step.keep(MARKS) if step.name == names.owner_tag else step for step in found]
