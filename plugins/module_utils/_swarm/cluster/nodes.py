# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares roles and labels of a Swarm's nodes with those declared. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..._app.variables import scalar
from ..labels import CLOSED
from ..node import Node, newest


@dataclass(frozen=True)
class NodeChange:
    """What one node needs; None and empty: nothing of that kind."""

    id: str
    name: str
    labels: Mapping[str, str] | None = None
    role: str = ""
    remove: bool = False

    def __str__(self) -> str:
        if self.remove:
            return f"{self.name}: removed"
        parts = [f"made a {self.role}"] if self.role else []
        parts += ["labelled " + (_labels(self.labels) or "with nothing")] if self.labels is not None else []
        return f"{self.name}: {', '.join(parts)}"


def matched(nodes: Iterable[Node], members: Mapping[str, Any], remove: Iterable[str]) -> dict[str, Node]:
    """Return the node of each member that is one. Of several with its address it is the newest that is ready."""
    staying = [node for node in nodes if node.id not in set(remove)]
    result = {}
    for name, member in members.items():
        there = [node for node in staying if node.address == member["address"]]
        if there:
            result[name] = newest(there)
    return result


def changes(nodes: list[Node], members: Mapping[str, Any], remove: Iterable[str]) -> list[NodeChange]:
    """Return new labels and managers first, then demotions, then removals: the majority is largest in between."""
    found = []
    for name, node in matched(nodes, members, remove).items():
        wanted = members[name]
        labels = _labels_of(wanted, node)
        role = wanted["role"] if wanted["role"] != node.role else ""
        if labels != node.labels or role:
            found.append(NodeChange(node.id, name, labels if labels != node.labels else None, role))
    found.sort(key=lambda change: change.role == "worker")
    return found + [NodeChange(node.id, node.name, remove=True) for node in nodes if node.id in set(remove)]


def shape(nodes: list[Node], members: Mapping[str, Any] | None = None, remove: Iterable[str] = ()) -> str:
    """Write one line for each node, as it is or as it will be."""
    wanted = members or {}
    lines = {node.id: _line(node.name, node.role, node.labels) for node in nodes if node.id not in set(remove)}
    known = matched(nodes, wanted, remove)
    for name, node in known.items():
        lines[node.id] = _line(node.name, wanted[name]["role"], _labels_of(wanted[name], node))
    new = [_line(n, m["role"], _labels_of(m)) for n, m in wanted.items() if n not in known]
    return "".join(f"{line}\n" for line in sorted([*lines.values(), *new]))


def _line(name: str, role: str, labels: Mapping[str, str]) -> str:
    return f"{name}: {role} {_labels(labels)}".rstrip()


def _labels(labels: Mapping[str, str] | None) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted((labels or {}).items()))


def _labels_of(member: Mapping[str, Any], node: Node | None = None) -> dict[str, str]:
    """Return labels as Swarm keeps them, where YAML has made booleans and numbers of them. What a node is closed for is
    nothing that is declared."""
    closed = {key: text for key, text in (node.labels if node else {}).items() if key == CLOSED}
    return {key: scalar(value) for key, value in (member.get("labels") or {}).items()} | closed
