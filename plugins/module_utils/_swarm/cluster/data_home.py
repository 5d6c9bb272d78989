# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the node that keeps the data after the one that did is lost. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..moves import NodeError, find
from ..node import Node


def choose(nodes: Sequence[Node], wanted: str, label: str) -> Node:
    """Return the node that shall have the label: the one that is named, or else the one that has it and answers, or
    else the first that takes tasks, workers before managers. Raise NodeError when a node that answers has it already,
    since its data is not lost, and when the chosen one cannot take tasks."""
    there = [node for node in nodes if label in node.labels and node.is_ready]
    able = sorted(
        (node for node in nodes if node.takes_tasks),
        key=lambda node: (node not in there, node.role == "manager", node.name),
    )
    chosen = find(list(nodes), wanted) if wanted else next(iter(able), None)
    if chosen is None:
        raise NodeError(
            "No node of the Swarm takes tasks. Start one, or open one: playbooks/activate.yml -e node=NAME."
        )
    if there and chosen not in there:
        raise NodeError(
            f"{there[0].name} keeps the data (label {label}) and answers: it is not lost. To move the data to "
            f"{chosen.name}, see docs/swarm.md; to bring back an older state, playbooks/restore.yml."
        )
    if not chosen.takes_tasks:
        raise NodeError(f"{chosen.name} takes no tasks ({chosen.state}, {chosen.availability}). Choose another node.")
    return chosen


def labels(nodes: Sequence[Node], home: Node, label: str) -> dict[str, dict[str, str]]:
    """Return the new labels, by id, of nodes that have to change so that `home` alone has the label."""
    wanted = {node.id: {**node.labels, label: "true"} if node is home else without(node, label) for node in nodes}
    return {node.id: wanted[node.id] for node in nodes if wanted[node.id] != dict(node.labels)}


def without(node: Node, label: str) -> dict[str, str]:
    """Return a node's labels but this one."""
    return {name: value for name, value in node.labels.items() if name != label}
