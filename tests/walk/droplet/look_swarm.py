# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is of an app in a Swarm: on a manager its services, tasks, secrets, configs; on each node its images."""

from __future__ import annotations

import base64
import json

from look import engine

JOB, RUNNING = "job", "running"


def look_swarm(request: dict) -> dict:
    """Everything with the app's label, and the networks and volumes of its name."""
    project = request["project"]
    nodes = {node["ID"]: node for node in engine("/nodes")}
    found = [item for item in engine("/services") if item["Spec"]["Labels"].get("izzzi.app") == project]
    tasks = engine("/tasks")
    configs = _mine(engine("/configs"), project)
    return {
        "services": {item["Spec"]["Name"]: _service(item, tasks, nodes) for item in found},
        "secrets": sorted(item["Spec"]["Name"] for item in _mine(engine("/secrets"), project)),
        "configs": sorted(_name(item) for item in configs if _kind(item) == "content"),
        "other": sorted(_name(item) for item in configs if _kind(item) not in ("content", "release")),
        "releases": {_content(item)["id"]: _release(item) for item in configs if _kind(item) == "release"},
        "networks": sorted(n["Name"] for n in engine("/networks") if n["Name"].startswith(project)),
        "volumes": sorted(v["Name"] for v in engine("/volumes")["Volumes"] or [] if v["Name"].startswith(project)),
        "nodes": {
            n["Description"]["Hostname"]: [n["Spec"]["Availability"], n["Status"]["State"]] for n in nodes.values()
        },
    }


def _mine(items: list[dict], project: str) -> list[dict]:
    return [item for item in items if (item["Spec"].get("Labels") or {}).get("izzzi.app") == project]


def _name(item: dict) -> str:
    return item["Spec"]["Name"]


def _kind(item: dict) -> str:
    return item["Spec"]["Labels"].get("izzzi.kind", "")


def _content(item: dict) -> dict:
    return json.loads(base64.b64decode(item["Spec"]["Data"]))


def _release(item: dict) -> dict:
    labels, content = item["Spec"]["Labels"], _content(item)
    return {
        "state": labels["izzzi.state"],
        "live_at": float(labels["izzzi.live_at"]),
        "objects": sorted({name for spec in content["services"].values() for name in _objects(spec)}),
        "images": sorted({spec["TaskTemplate"]["ContainerSpec"]["Image"] for spec in content["services"].values()}),
    }


def _objects(spec: dict) -> list[str]:
    container = spec["TaskTemplate"]["ContainerSpec"]
    named = [item["SecretName"] for item in container.get("Secrets") or []]
    return named + [item["ConfigName"] for item in container.get("Configs") or []]


def _service(item: dict, tasks: list[dict], nodes: dict) -> dict:
    spec = item["Spec"]
    container = spec["TaskTemplate"]["ContainerSpec"]
    mine = [task for task in tasks if task["ServiceID"] == item["ID"]]
    labels = spec["Labels"]
    return {
        "part": labels.get("izzzi.part", ""),
        "declared": labels.get("izzzi.replicas", ""),
        "replicas": (spec["Mode"].get("Replicated") or {}).get("Replicas"),
        "moving": labels.get("izzzi.moving", ""),
        "image": container["Image"],
        "environment": dict(line.split("=", 1) for line in container.get("Env") or []),
        "command": container.get("Args") or [],
        "volumes": [mount["Source"] for mount in container.get("Mounts") or [] if mount["Type"] == "volume"],
        "objects": _objects(spec),
        "tasks": sorted(_task(task, nodes, container) for task in mine if _lives(task)),
    }


def _lives(task: dict) -> bool:
    """Has a container, or is to get one."""
    ended = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")
    return task["Status"]["State"] not in ended and task["Status"]["State"] != "new"


def _task(task: dict, nodes: dict, now: dict) -> list[str]:
    """Id, what is wished for it, its state, its node, its image, and whether it is of the service's definition."""
    node = nodes.get(task.get("NodeID", ""))
    container = task["Spec"]["ContainerSpec"]
    is_current = container.get("Env") == now.get("Env") and container["Image"] == now["Image"]
    return [
        task["ID"][:12],
        task["DesiredState"],
        task["Status"]["State"],
        node["Description"]["Hostname"] if node else "",
        "current" if is_current else "old",
    ]


def look_node(request: dict) -> dict:
    """The images of one node below the app's own prefix, by digest or tag, that no container was made of. Swarm keeps
    the containers of a few former tasks.
    """
    found, used = [], {item["ImageID"] for item in engine("/containers/json?all=1")}
    for item in engine("/images/json"):
        names = [*(item.get("RepoTags") or []), *(item.get("RepoDigests") or [])]
        if item["Id"] not in used and names and all(name.startswith(request["prefix"]) for name in names):
            found.append(sorted(names))
    return {"images": sorted(found)}
