# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the manager that changes a node, refuses what cannot be replaced, and tells what moved. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Looks = Mapping[str, Mapping[str, Any]]  # what module swarm_member returned, by host; nothing of one that was away
ENDED = {"drained": "drained", "active": "active", "absent": "removed", "balanced": "spread evenly"}
ENDED |= {"data": "keeps the data"}


@dataclass(frozen=True)
class NodeChange:
    """What is asked for a node, and what the declaration says of it.

    `registry` is the member that has the registry, empty without one; `data_label` is that of the node for data."""

    node: str = ""
    state: str = "balanced"
    members: tuple[str, ...] = ()
    registry: str = ""
    data_label: str = "izzzi.data"

    def plan(self, looks: Looks) -> dict[str, str]:
        """Return the `acting_manager` and the `problem`; with a problem nothing may be done."""
        acting = acting_manager(looks, self.node)
        problem = self._undeclared() or self._registry() or _nobody(looks, acting) or self._data(looks, acting)
        return {"acting_manager": acting, "problem": problem}

    # A node that goes is made anew, so that it must be a member, and nothing may be lost with its droplet.

    def _undeclared(self) -> str:
        if self.state != "absent" or self.node in self.members:
            return ""
        return f"node: there is no droplet {self.node or repr('')}. There are: {', '.join(self.members)}."

    def _registry(self) -> str:
        if self.state != "absent" or self.node != self.registry:
            return ""
        return f"{self.node} has the registry with the images of all nodes. Let another manager have it first."

    def _data(self, looks: Looks, acting: str) -> str:
        if self.state != "absent" or self.node not in _keepers(looks[acting], self.data_label):
            return ""
        return (
            f"{self.node} keeps the data (label {self.data_label}): elsewhere its services would begin with empty "
            "volumes. Move the volumes and the label first, docs/swarm.md says how."
        )


def acting_manager(looks: Looks, going: str = "") -> str:
    """Return the manager that changes nodes: one with a majority, rather another than `going`; empty without any."""
    able = [name for name, look in looks.items() if (look.get("member") or {}).get("nodes")]
    return min(able, key=lambda name: name == going, default="")


def _nobody(looks: Looks, acting: str) -> str:
    if acting:
        return ""
    return (
        f"None of {', '.join(looks)} answers as a manager of a Swarm with a majority. See docs/swarm.md, "
        '"When the majority is lost".'
    )


def _keepers(look: Mapping[str, Any], label: str) -> list[str]:
    return [node["name"] for node in look["member"]["nodes"] if label in node["labels"]]


def events(node: str, state: str, recovered: list[str], result: Mapping[str, Any]) -> list[str]:
    """Tell in lines what a change of a node did, or would do."""
    ended = f"ended there, as on every closed node: {', '.join(result['stops'])}"
    return [
        f"{ENDED[state]}: {'services' if state == 'balanced' else node}",
        *([f"put right after a killed run: {', '.join(recovered)}"] if recovered else []),
        f"moved: {', '.join(result['moves']) or 'nothing'}",
        *([ended] if result["stops"] else []),
        *(f"stands still: {service}, {why}" for service, why in result["blocked"].items()),
        *(f"still uneven by {by} tasks: {service}" for service, by in result["uneven"].items()),
    ]
