# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run with --check has found, in one table: the cloud, the hosts, the app, and what it costs. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..module_utils._cloud.plan_text import cost_text, counts_text

CLOUD, HOSTS, APP = "cloud", "hosts", "app"
LAYERS = {  # by role; what stands outside of roles goes with the role before it
    "provision": CLOUD,
    **dict.fromkeys(("base", "docker", "swarm_cluster", "nginx", "notify"), HOSTS),
    **dict.fromkeys(("app_compose", "swarm_stack", "backup", "pages"), APP),
}


# What a new droplet becomes, by its group as inventories/wiring.yml names them.
BECOMES = {
    "web": "gets Docker, nginx and the app",
    "managers": "joins the Swarm as a manager",
    "workers": "joins the Swarm as a worker",
}
BEGINS = "begins the Swarm"
MADE = ("create", "replace")


def new_hosts(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the name of each droplet that a plan makes, and what it becomes."""
    made = {step["name"]: step for step in result["plan"] if step["kind"] == "droplet" and step["action"] in MADE}
    there = {droplet["name"]: droplet["groups"] for droplet in result.get("droplets") or ()}
    has_swarm = any("managers" in groups for name, groups in there.items() if name not in made)
    found = []
    for name, step in made.items():
        groups = there.get(name) or _groups(step)
        becomes = next((words for group, words in BECOMES.items() if group in groups), "gets Docker")
        if "managers" in groups and not has_swarm:
            becomes, has_swarm = BEGINS, True
        found.append((name, becomes))
    return found


def _groups(step: Mapping[str, Any]) -> list[str]:
    """Return the groups of a droplet that is not there yet: the last part of its tags."""
    tags = next((change["after"] for change in step["changes"] if change["field"] == "tags"), None) or []
    return [tag.split(":")[3] for tag in tags if tag.count(":") == 3]


@dataclass
class Outlook:
    """Changes that a check foretells, by layer, host and role."""

    layer: str = ""
    looked_at: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    cloud: Mapping[str, Any] = field(default_factory=dict)

    def enter(self, role: str) -> None:
        """Begin a task of a role; the empty name is a task of a play."""
        self.layer = LAYERS.get(role, self.layer if not role else "")

    def look(self, result: Mapping[str, Any]) -> None:
        """A task has ended. What planned the cloud says so by itself."""
        if self.layer:
            self.looked_at.add(self.layer)
        if "monthly_cost" in result and "plan" in result:
            self.cloud = result

    def change(self, host: str, role: str) -> None:
        """A task would change something."""
        if self.layer:
            self.changes[self.layer, host, role] += 1

    def fail(self) -> None:
        """A task has failed."""
        if self.layer:
            self.failed.add(self.layer)

    def lines(self) -> list[str]:
        """Return the table; nothing where only one layer was looked at, whose own lines say it all."""
        new = [f"  {HOSTS:<6} {name} {becomes}" for name, becomes in (new_hosts(self.cloud) if self.cloud else ())]
        seen = [layer for layer in (CLOUD, HOSTS, APP) if layer in self.looked_at]
        if len(seen) + bool(new) < 2:
            return []
        lines = [f"  {layer:<6} {self._of(layer)}" for layer in seen]
        lines[1:1] = new
        cost = [f"  {'cost':<6} {cost_text(self.cloud['monthly_cost'])}"] if self.cloud else []
        return ["This run would change", *lines, *cost]

    def _of(self, layer: str) -> str:
        said = self._of_cloud() if layer == CLOUD else self._of_hosts(layer)
        return said + ("; it fails, as told above" if layer in self.failed else "")

    def _of_cloud(self) -> str:
        if not self.cloud:
            return "not planned"
        return counts_text(Counter(step["action"] for step in self.cloud["plan"])) or "as declared"

    def _of_hosts(self, layer: str) -> str:
        by_host: dict[str, list[str]] = {}
        for (of, host, role), number in self.changes.items():
            if of == layer:
                by_host.setdefault(host, []).append(f"{role} {number}")
        alike: dict[str, list[str]] = {}
        for host, roles in sorted(by_host.items()):
            alike.setdefault(", ".join(roles), []).append(host)
        return "; ".join(f"{', '.join(hosts)}: {roles}" for roles, hosts in alike.items()) or "as declared"
