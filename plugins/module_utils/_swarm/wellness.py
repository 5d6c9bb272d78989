# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a Swarm is as it should be, so that one of its nodes may be away for a while. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from . import placement
from .labels import CLOSED
from .node import Node
from .placement import Service, name_of
from .service import is_job, replicas
from .task import Task


def unwell(nodes: list[Node], services: Iterable[Service], tasks: list[Task], going: str) -> list[str]:
    """Return a sentence for each node but `going` (an id) that is away or closed, or else for each service that lacks
    tasks."""
    found = [why for node in nodes if node.id != going and (why := away(node))]
    return found or [why for service in services if (why := lacking(service, nodes, tasks))]


def away(node: Node) -> str:
    """Say why a node does not do its part; empty when it does."""
    if not node.is_ready:
        return f"{node.name} is {node.state}"
    if node.availability != "active":
        purpose = node.labels.get(CLOSED, "")
        return f"{node.name} is closed{f' for {purpose}' if purpose else ''}"
    if node.voter and not node.reachable:
        return f"{node.name} is not reachable for the other managers"
    return ""


def lacking(service: Service, nodes: list[Node], tasks: list[Task]) -> str:
    """Say what a service lacks; empty when all of its tasks run and nobody changes it."""
    spec, name = service["Spec"], name_of(service)
    if is_job(spec):
        return ""
    if (service.get("UpdateStatus") or {}).get("State") in ("updating", "rollback_started"):
        return f"{name} is being updated"
    wanted = replicas(spec)
    if wanted is None:
        missing = [node.name for node in nodes if placement.is_missing(service, tasks, nodes, node.id)]
        return f"{name} does not run on {', '.join(missing)}" if missing else ""
    there = {node.id for node in nodes if node.is_ready}
    running = sum(task.service == service["ID"] and task.is_running and task.node in there for task in tasks)
    return f"{name} has {running} of {wanted} tasks" if running < wanted else ""
