# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of a Swarm, read once from what the Engine API says, and the majority of managers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Node:
    """`address` is where the other nodes reach it. Only managers vote; `reachable` is what the others say of one."""

    id: str
    name: str
    address: str = ""
    role: str = "worker"
    availability: str = "active"
    state: str = "ready"
    labels: Mapping[str, str] = field(default_factory=dict)
    leader: bool = False
    voter: bool = False
    reachable: bool = False
    created: str = ""
    engine_labels: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        return self.state == "ready"

    @property
    def takes_tasks(self) -> bool:
        return self.is_ready and self.availability == "active"


def parse_node(item: Mapping[str, Any]) -> Node:
    """Read a node of the Engine API."""
    manager, description = item.get("ManagerStatus") or {}, item["Description"]
    return Node(
        id=item["ID"],
        name=description.get("Hostname") or item["ID"],
        address=manager.get("Addr", "").rpartition(":")[0] or item["Status"].get("Addr", ""),
        role=item["Spec"]["Role"],
        availability=item["Spec"]["Availability"],
        state=item["Status"]["State"],
        labels=item["Spec"].get("Labels") or {},
        leader=bool(manager.get("Leader")),
        voter=bool(manager),
        reachable=manager.get("Reachability") == "reachable",
        created=item.get("CreatedAt", ""),
        engine_labels=(description.get("Engine") or {}).get("Labels") or {},
        platform=description.get("Platform") or {},
    )


def newest(nodes: Iterable[Node]) -> Node:
    """Choose the one that counts among nodes of one host: one that is ready, the youngest of those."""
    return max(nodes, key=lambda node: (node.is_ready, node.created))


def majority(voters: int) -> int:
    return voters // 2 + 1


def has_quorum(nodes: Iterable[Node]) -> bool:
    voters = [node for node in nodes if node.voter]
    return sum(node.reachable for node in voters) >= majority(len(voters))


def loss_of_quorum(nodes: Iterable[Node], going: Iterable[str]) -> str:
    """Say why these nodes (ids) cannot stop being managers one by one, unreachable ones first; empty when they can."""
    gone, rest = set(going), list(nodes)
    leaving = [node for node in rest if node.id in gone and node.voter]
    for node in sorted(leaving, key=lambda node: node.reachable):
        rest = [other for other in rest if other.id != node.id]
        if not has_quorum(rest):
            voters = [other for other in rest if other.voter]
            up = sum(other.reachable for other in voters)
            return (
                f"Without the manager {node.name} only {up} of {len(voters)} managers would be reachable, and "
                f"{majority(len(voters))} are needed: the Swarm would lose its majority. "
                "Bring managers back or add some first."
            )
    return ""
