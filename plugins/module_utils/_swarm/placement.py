# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where tasks of a Swarm can run, what keeps them on a node, and service specs that move them. Pure.

All arguments are objects of the Engine API as they come.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from .stack.spec import DATA, PART, START

# While its tasks move a service carries this label with what has to be put back, so that any later run can do it.
MOVING = "izzzi.moving"
MONITOR = 5_000_000_000  # nanoseconds that a new task must run
CONSTRAINT = re.compile(r"^\s*([\w.\-/]+)\s*(==|!=)\s*(.*?)\s*$")
ENDED = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")

Object = Mapping[str, Any]


def name_of(service: Object) -> str:
    return service["Spec"]["Name"]


def is_live(task: Object) -> bool:
    return task["DesiredState"] in ("running", "ready", "accepted") and task["Status"]["State"] not in ENDED


def is_running(task: Object) -> bool:
    """A task with a health check counts as running only once it is healthy."""
    return task["DesiredState"] == "running" and task["Status"]["State"] == "running"


def replicas(service: Object) -> int | None:
    """None: not a replicated service."""
    mode = service["Spec"]["Mode"]
    return mode["Replicated"].get("Replicas", 1) if "Replicated" in mode else None


def is_job(service: Object) -> bool:
    return "ReplicatedJob" in service["Spec"]["Mode"] or "GlobalJob" in service["Spec"]["Mode"]


def matches(constraint: str, node: Object) -> bool:
    """As Swarm compares: whole values, without regard to case. An unknown key matches nothing."""
    found = CONSTRAINT.match(constraint)
    if not found:
        return False
    key, operator, wanted = found.groups()
    value = _value(key, node)
    if value is None:
        return False
    return (value.lower() == wanted.lower()) == (operator == "==")


def _value(key: str, node: Object) -> str | None:
    description = node["Description"]
    if key.startswith("node.labels."):
        return (node["Spec"].get("Labels") or {}).get(key.removeprefix("node.labels."), "")
    if key.startswith("engine.labels."):
        return (description.get("Engine", {}).get("Labels") or {}).get(key.removeprefix("engine.labels."), "")
    return {
        "node.id": node["ID"],
        "node.hostname": description.get("Hostname", ""),
        "node.role": node["Spec"]["Role"],
        "node.ip": node["Status"].get("Addr", ""),
        "node.platform.os": description.get("Platform", {}).get("OS", ""),
        "node.platform.arch": description.get("Platform", {}).get("Architecture", ""),
    }.get(key)


def placement(service: Object) -> Mapping[str, Any]:
    return service["Spec"]["TaskTemplate"].get("Placement") or {}


def eligible(service: Object, nodes: Iterable[Object]) -> list[Object]:
    """Nodes that take new tasks of this service."""
    constraints = placement(service).get("Constraints") or []
    return [
        node
        for node in nodes
        if node["Spec"]["Availability"] == "active"
        and node["Status"]["State"] == "ready"
        and all(matches(constraint, node) for constraint in constraints)
    ]


def misfit(service: Object, nodes: list[Object]) -> str:
    """Why no node takes tasks of this service at all; empty when one does, or when no node is known yet."""
    if not nodes or eligible(service, nodes):
        return ""
    constraints = ", ".join(placement(service).get("Constraints") or [])
    return f"no node that takes tasks fits its constraints ({constraints})" if constraints else "no node takes tasks"


def floating(service: Object, nodes: Iterable[Object]) -> str:
    """Why its data would not stay where it is; empty when one node has its volume, whatever state that node is in."""
    constraints = placement(service).get("Constraints") or []
    able = [node for node in nodes if all(matches(constraint, node) for constraint in constraints)]
    if len(able) < 2 or not (volumes := local_volumes(service)):
        return ""
    fits = f"its constraints ({', '.join(constraints)}) fit" if constraints else "it may run on"
    return (
        f"its volume ({', '.join(volumes)}) lies on one node, and {fits} {len(able)}: elsewhere it would begin with "
        "an empty one. Name that node in deploy.placement.constraints (node.hostname == NAME), or leave them out"
    )


def no_room(service: Object, nodes: Iterable[Object]) -> str:
    """Why its tasks, or the new one of an update that starts before it stops, have no place; empty when they do."""
    limit, wanted = per_node_limit(service), replicas(service)
    if not limit or not wanted:
        return ""
    able = len(eligible(service, nodes))
    start_first = (service["Spec"].get("UpdateConfig") or {}).get("Order") == "start-first"
    if wanted + start_first <= limit * able:
        return ""
    why = f"one node takes {limit} of its tasks ({_limit_of(service)}), and {able} of the nodes that fit take tasks"
    if wanted > limit * able:
        return f"{wanted} tasks have no place: {why}"
    return (
        f"{wanted} tasks leave no place for the one that an update starts first (start-first), so that no release "
        f"could ever get there: {why}. Say deploy.update_config.order: stop-first, declare fewer replicas, or add nodes"
    )


def _limit_of(service: Object) -> str:
    limited = placement(service).get("MaxReplicas")
    return "deploy.placement.max_replicas_per_node" if limited else "it takes a port of the node"


def on_node(service: Object, tasks: Iterable[Object], node: str) -> list[Object]:
    return [t for t in tasks if t.get("ServiceID") == service["ID"] and t.get("NodeID") == node and is_live(t)]


def is_bound(service: Object, nodes: Iterable[Object], node: str) -> bool:
    """Whether its constraints leave it no other node, whatever state that node is in."""
    constraints = placement(service).get("Constraints") or []
    able = [other["ID"] for other in nodes if all(matches(constraint, other) for constraint in constraints)]
    return bool(constraints) and bool(replicas(service)) and able == [node]


def local_volumes(service: Object) -> list[str]:
    """Named volumes that exist on one node only."""
    mounts = service["Spec"]["TaskTemplate"].get("ContainerSpec", {}).get("Mounts") or []
    return [m["Source"] for m in mounts if m.get("Type") == "volume" and m.get("Source") and _is_local(m)]


def _is_local(mount: Object) -> bool:
    driver = (mount.get("VolumeOptions") or {}).get("DriverConfig") or {}
    # The local driver with a type mounts a network file system.
    return driver.get("Name") in (None, "", "local") and not (driver.get("Options") or {}).get("type")


def per_node_limit(service: Object) -> int:
    """How many tasks of it one node takes; 0: any number."""
    ports = (service["Spec"].get("EndpointSpec") or {}).get("Ports") or []
    if any(port.get("PublishMode") == "host" for port in ports):
        return 1
    return placement(service).get("MaxReplicas", 0)


def blocker(service: Object, tasks: list[Object], nodes: list[Object], node: str) -> str:
    """Why this service's tasks cannot leave the node; empty when they can, or when there is nothing to move."""
    here = on_node(service, tasks, node)
    if not here or "Global" in service["Spec"]["Mode"]:
        return ""
    if is_job(service):
        return "a job of it runs there: wait until it has ended"
    if volumes := local_volumes(service):
        return f"its data lies on this node (volume {', '.join(volumes)})"
    others = [other for other in eligible(service, nodes) if other["ID"] != node]
    if not others:
        constraints = placement(service).get("Constraints") or []
        return f"no other node may run it ({', '.join(constraints)})" if constraints else "there is no other node"
    if limit := per_node_limit(service):
        free = sum(max(0, limit - len(on_node(service, tasks, other["ID"]))) for other in others)
        if free < len(here):
            return f"the other nodes take {free} more of its tasks, {len(here)} have to move"
    return ""


def moving_spec(service: Object, node: Object) -> dict[str, Any]:
    """The spec that lets each task on the node go only after its successor runs elsewhere."""
    spec = _start_first(service, {"constraint": f"node.id!={node['ID']}"})
    place = spec["TaskTemplate"].setdefault("Placement", {})
    place["Constraints"] = [*(place.get("Constraints") or []), f"node.id!={node['ID']}"]
    return spec


def spreading_spec(service: Object) -> dict[str, Any]:
    """The spec that makes all tasks anew, one by one, start-first."""
    spec = _start_first(service, {})
    spec["TaskTemplate"]["ForceUpdate"] = spec["TaskTemplate"].get("ForceUpdate", 0) + 1
    return spec


def _start_first(service: Object, note: dict[str, Any]) -> dict[str, Any]:
    spec = deepcopy(dict(service["Spec"]))
    note = {**note, "update": spec.get("UpdateConfig")}
    spec["Labels"] = {**(spec.get("Labels") or {}), MOVING: json.dumps(note, sort_keys=True)}
    old = spec.get("UpdateConfig") or {}
    # Paused and not rolled back: who moves it puts its spec back.
    is_once = START in spec["Labels"] or spec["Labels"].get(PART) == DATA  # does not run twice for a move, either
    order = "stop-first" if is_once else "start-first"
    ours = {"Parallelism": 1, "Delay": 0, "Order": order, "FailureAction": "pause", "Monitor": MONITOR}
    spec["UpdateConfig"] = {**old, **ours, "MaxFailureRatio": 0}
    return spec


def restored_spec(spec: Object) -> dict[str, Any] | None:
    """The spec as it was before it was moved; None for one that does not move. Tasks that run are not touched by it."""
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


def waiting(service: Object, tasks: Iterable[Object], node: str = "") -> str:
    """What a replicated service still waits for to have all replicas, none of them on the node; empty when it has."""
    mine = [t for t in tasks if t.get("ServiceID") == service["ID"] and t["DesiredState"] == "running"]
    running = [t for t in mine if is_running(t) and t.get("NodeID") != node]
    wanted = replicas(service) or 0
    left = [t for t in mine if node and t.get("NodeID") == node]
    if len(running) >= wanted and not left:
        return ""
    why = sorted({t["Status"].get("Err") or t["Status"]["State"] for t in mine if not is_running(t)})
    return f"{len(running)} of {wanted} run elsewhere" + (f" ({'; '.join(why)})" if why else "")


def completed(service: Object, since: str) -> bool:
    """Whether the update that began at `since` or later has ended well."""
    status = service.get("UpdateStatus") or {}
    return status.get("State") == "completed" and status.get("StartedAt", "") >= since


def halted(service: Object, since: str) -> str:
    """Why Swarm stopped the update that began at `since` or later; older states say nothing."""
    status = service.get("UpdateStatus") or {}
    if status.get("StartedAt", "") < since or status.get("State") not in ("paused", "rollback_paused"):
        return ""
    return status.get("Message") or status["State"]


def skew(service: Object, tasks: list[Object], nodes: list[Object]) -> int:
    """By how many tasks the fullest node that may run it differs from the emptiest. Only what can move counts."""
    if not replicas(service) or local_volumes(service):
        return 0
    counts = Counter({node["ID"]: 0 for node in eligible(service, nodes)})
    counts.update(t["NodeID"] for t in tasks if t.get("ServiceID") == service["ID"] and is_running(t))
    return max(counts.values()) - min(counts.values()) if counts else 0


def is_uneven(service: Object, tasks: list[Object], nodes: list[Object]) -> bool:
    return skew(service, tasks, nodes) > 1
