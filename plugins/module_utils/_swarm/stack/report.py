# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports a service: its numbers, and each task with what is known of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..labels import DECLARED, PART
from ..node import Node
from ..service import replicas
from ..task import Task
from .once import reason

# Nobody knows more of a task whose node does not answer: it may run there still.
UNKNOWN = "unknown"


def service_report(
    name: str, item: Mapping[str, Any], found: Iterable[Task], nodes: Mapping[str, Node]
) -> dict[str, Any]:
    spec = item["Spec"]
    tasks = [task for task in found if task.desired == "running" or task.state == "running"]
    count = replicas(spec)
    why = reason(spec) if (count or 0) > 1 else ""
    return {
        "name": name,
        "part": spec["Labels"].get(PART, ""),
        "image": spec["TaskTemplate"]["ContainerSpec"]["Image"],
        "replicas": count,
        "declared": int(spec["Labels"].get(DECLARED, count or 0)) if count is not None else None,
        "running": sum(task.state == "running" and not unreachable(task, nodes) for task in tasks),
        "problem": f"must not run {count} times: {why}; a deploy puts it back" if why else "",
        "tasks": [task_report(task, nodes) for task in sorted(tasks, key=lambda task: (task.slot, task.node))],
    }


def task_report(task: Task, nodes: Mapping[str, Node]) -> dict[str, Any]:
    silent = unreachable(task, nodes)
    return {
        "id": task.id[:12],
        "slot": task.slot,
        "node": nodes[task.node].name if task.node in nodes else "",
        "state": UNKNOWN if silent else task.state,
        "error": f"{silent}; {task.state} was the last that it said" if silent else task.error,
    }


def unreachable(task: Task, nodes: Mapping[str, Node]) -> str:
    """Say why its state is only what was last heard of it; empty when its node answers, or when it has none yet."""
    if not task.node:
        return ""
    if task.node not in nodes:
        return "its node is no member any more"
    return "" if nodes[task.node].is_ready else "its node does not answer"
