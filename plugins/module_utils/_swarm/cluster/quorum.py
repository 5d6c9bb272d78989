# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The majority of managers that a Swarm needs to be changed at all. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from ..node import Node


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
