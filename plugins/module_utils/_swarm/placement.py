# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where tasks of a Swarm can run, and what keeps them on a node. Pure. Services are objects of the Engine API."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from .labels import DATA, MOVING, PART, START
from .node import Node
from .service import (
    Spec,
    constraints,
    is_global,
    is_job,
    local_volumes,
    per_node_limit,
    placement,
    replicas,
    starts_first,
)
from .task import Task

MONITOR = 5_000_000_000  # nanoseconds that a new task must run
CONSTRAINT = re.compile(r"^\s*([\w.\-/]+)\s*(==|!=)\s*(.*?)\s*$")

Service = Mapping[str, Any]


def name_of(service: Service) -> str:
    return service["Spec"]["Name"]


def matches(constraint: str, node: Node) -> bool:
    """Compare as Swarm does: whole values, without regard to case. An unknown key matches nothing."""
    found = CONSTRAINT.match(constraint)
    if not found:
        return False
    key, operator, wanted = found.groups()
    value = _value(key, node)
    return value is not None and (value.lower() == wanted.lower()) == (operator == "==")


def _value(key: str, node: Node) -> str | None:
    for prefix, labels in (("node.labels.", node.labels), ("engine.labels.", node.engine_labels)):
        if key.startswith(prefix):
            return labels.get(key.removeprefix(prefix), "")
    return {
        "node.id": node.id,
        "node.hostname": node.name,
        "node.role": node.role,
        "node.ip": node.address,
        "node.platform.os": node.platform.get("OS", ""),
        "node.platform.arch": node.platform.get("Architecture", ""),
    }.get(key)


def fitting(spec: Spec, nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that meet a service's constraints, whatever state they are in."""
    return [node for node in nodes if all(matches(constraint, node) for constraint in constraints(spec))]


def eligible(spec: Spec, nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that take new tasks of a service."""
    return [node for node in fitting(spec, nodes) if node.takes_tasks]


def misplaced(spec: Spec, nodes: list[Node]) -> str:
    """Say why a service's tasks have no place, or not the one with their data; empty when they have."""
    return misfit(spec, nodes) or (nodes and (floating(spec, nodes) or no_room(spec, nodes))) or ""


def misfit(spec: Spec, nodes: list[Node]) -> str:
    """Say why no node takes tasks of this service at all; empty when one does, or when no node is known yet."""
    if not nodes or eligible(spec, nodes):
        return ""
    asked = ", ".join(constraints(spec))
    return f"no node that takes tasks fits its constraints ({asked})" if asked else "no node takes tasks"


def floating(spec: Spec, nodes: Iterable[Node]) -> str:
    """Say why its data would not stay where it is; empty when one node has its volume, whatever state it is in."""
    able, asked = fitting(spec, nodes), ", ".join(constraints(spec))
    if len(able) < 2 or not (volumes := local_volumes(spec["TaskTemplate"])):
        return ""
    fits = f"its constraints ({asked}) fit" if asked else "it may run on"
    return (
        f"its volume ({', '.join(volumes)}) lies on one node, and {fits} {len(able)}: elsewhere it would begin with "
        "an empty one. Name that node in deploy.placement.constraints (node.hostname == NAME), or leave them out"
    )


def no_room(spec: Spec, nodes: Iterable[Node]) -> str:
    """Say why its tasks, or the new one of an update that starts before it stops, have no place; empty if they do."""
    limit, wanted = per_node_limit(spec), replicas(spec)
    if not limit or not wanted:
        return ""
    able = len(eligible(spec, nodes))
    if wanted + starts_first(spec) <= limit * able:
        return ""
    limited = (
        "deploy.placement.max_replicas_per_node"
        if placement(spec).get("MaxReplicas")
        else "it takes a port of the node"
    )
    why = f"one node takes {limit} of its tasks ({limited}), and {able} of the nodes that fit take tasks"
    if wanted > limit * able:
        return f"{wanted} tasks have no place: {why}"
    return (
        f"{wanted} tasks leave no place for the one that an update starts first (start-first), so that no release "
        f"could ever get there: {why}. Say deploy.update_config.order: stop-first, declare fewer replicas, or add nodes"
    )


def on_node(service: Service, tasks: Iterable[Task], node: str) -> list[Task]:
    """Return the service's tasks that keep a place on the node."""
    return [task for task in tasks if task.service == service["ID"] and task.node == node and task.is_live]


def is_bound(spec: Spec, nodes: Iterable[Node], node: str) -> bool:
    """Return whether its constraints leave it no other node, whatever state that node is in."""
    waits = bool(constraints(spec) and replicas(spec)) and not is_job(spec)
    return waits and [able.id for able in fitting(spec, nodes)] == [node]


def is_missing(service: Service, tasks: list[Task], nodes: list[Node], node: str) -> bool:
    """Return whether a task belongs on this node and on no other, and does not run there."""
    spec = service["Spec"]
    able = [other.id for other in eligible(spec, nodes)]
    is_its_place = is_global(spec) or (replicas(spec) and able == [node] and not is_job(spec))
    return bool(node in able and is_its_place and not any(task.is_running for task in on_node(service, tasks, node)))


def blocker(service: Service, tasks: list[Task], nodes: list[Node], node: str) -> str:
    """Say why this service's tasks cannot leave the node; empty when they can, or when there is nothing to move."""
    spec, here = service["Spec"], on_node(service, tasks, node)
    if not here or is_global(spec):
        return ""
    if is_job(spec):
        return "a job of it runs there: wait until it has ended"
    if volumes := local_volumes(spec["TaskTemplate"]):
        return f"its data lies on this node (volume {', '.join(volumes)})"
    others = [other for other in eligible(spec, nodes) if other.id != node]
    if not others:
        asked = ", ".join(constraints(spec))
        return f"no other node may run it ({asked})" if asked else "there is no other node"
    if limit := per_node_limit(spec):
        free = sum(max(0, limit - len(on_node(service, tasks, other.id))) for other in others)
        if free < len(here):
            return f"the other nodes take {free} more of its tasks, {len(here)} have to move"
    return ""


def moving_spec(spec: Spec, node: str) -> dict[str, Any]:
    """Return the spec that lets each task on the node go only after its successor runs elsewhere."""
    constraint = f"node.id!={node}"
    result = _start_first(spec, {"constraint": constraint})
    result["TaskTemplate"].setdefault("Placement", {})["Constraints"] = [*constraints(spec), constraint]
    return result


def spreading_spec(spec: Spec) -> dict[str, Any]:
    """Return the spec that makes all tasks anew, one by one, start-first."""
    result = _start_first(spec, {})
    result["TaskTemplate"]["ForceUpdate"] = result["TaskTemplate"].get("ForceUpdate", 0) + 1
    return result


def _start_first(given: Spec, note: dict[str, Any]) -> dict[str, Any]:
    spec = deepcopy(dict(given))
    note = {**note, "update": spec.get("UpdateConfig")}
    spec["Labels"] = {**(spec.get("Labels") or {}), MOVING: json.dumps(note, sort_keys=True)}
    # Paused and not rolled back: who moves it puts its spec back.
    is_once = START in spec["Labels"] or spec["Labels"].get(PART) == DATA  # does not run twice for a move, either
    order = "stop-first" if is_once else "start-first"
    ours = {"Parallelism": 1, "Delay": 0, "Order": order, "FailureAction": "pause", "Monitor": MONITOR}
    spec["UpdateConfig"] = {**(spec.get("UpdateConfig") or {}), **ours, "MaxFailureRatio": 0}
    return spec


def restored_spec(spec: Spec) -> dict[str, Any] | None:
    """Return the spec as it was before it was moved; None for one that does not move. It touches no task that runs."""
    if MOVING not in (spec.get("Labels") or {}):
        return None
    result = deepcopy(dict(spec))
    note = json.loads(result["Labels"].pop(MOVING))
    if note["update"] is None:
        result.pop("UpdateConfig", None)
    else:
        result["UpdateConfig"] = note["update"]
    place = result["TaskTemplate"].get("Placement")
    if place and note.get("constraint") in (place.get("Constraints") or []):
        place["Constraints"].remove(note["constraint"])
        if not place["Constraints"]:
            del place["Constraints"]
    return result


def unmoved(service: Service, tasks: Iterable[Task], node: str = "") -> str:
    """Say what a replicated service lacks to have all replicas, none of them on the node; empty when it has them."""
    mine = [task for task in tasks if task.service == service["ID"] and task.desired == "running"]
    running = sum(task.is_running and task.node != node for task in mine)
    wanted = replicas(service["Spec"]) or 0
    if running >= wanted and not (node and any(task.node == node for task in mine)):
        return ""
    why = "; ".join(sorted({task.error or task.state for task in mine if not task.is_running}))
    return f"{running} of {wanted} run elsewhere" + (f" ({why})" if why else "")


def completed(service: Service, since: str) -> bool:
    """Return whether the update that began at `since` or later has ended well."""
    status = service.get("UpdateStatus") or {}
    return status.get("State") == "completed" and status.get("StartedAt", "") >= since


def halted(service: Service, since: str) -> str:
    """Say why Swarm stopped the update that began at `since` or later; older states say nothing."""
    status = service.get("UpdateStatus") or {}
    if status.get("StartedAt", "") < since or status.get("State") not in ("paused", "rollback_paused"):
        return ""
    return status.get("Message") or status["State"]


def skew(service: Service, tasks: list[Task], nodes: list[Node]) -> int:
    """By how many tasks the fullest node that may run it differs from the emptiest. Only what can move counts."""
    spec = service["Spec"]
    if not replicas(spec) or local_volumes(spec["TaskTemplate"]):
        return 0
    counts = Counter({node.id: 0 for node in eligible(spec, nodes)})
    counts.update(task.node for task in tasks if task.service == service["ID"] and task.is_running)
    return max(counts.values()) - min(counts.values()) if counts else 0


def is_uneven(service: Service, tasks: list[Task], nodes: list[Node]) -> bool:
    return skew(service, tasks, nodes) > 1
