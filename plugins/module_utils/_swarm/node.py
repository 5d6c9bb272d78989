# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node of a Swarm: everything that is decided from it, read once from what the Engine API says. Pure."""

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
