# SPDX-License-Identifier: GPL-3.0-or-later
"""What engines say in the moments that the operators' page is for, and the documents that follow from it."""

from __future__ import annotations

import base64
import json
from typing import Any

from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import Lease
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._pages import compose, swarm
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import Backup, Machine, Room
from ansible_collections.izzzi.infra.plugins.module_utils._pages.settings import Settings
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import parse_node

NOW = 1_795_946_400.0
SECRET = "not-for-anybody"
OLD, NEW = "tree-0a1b2c3d4e5f", "tree-f0e1d2c3b4a5"
GIB = 2**30
OWN = Machine("manager-1", NOW, Room(31 * GIB, 80 * GIB), Room(2 * GIB, 4 * GIB))
WORKERS = ("worker-1", "worker-2")
BACKUP = Backup(NOW - 7 * 3600, NOW - 50 * 3600)


def lease(now: float) -> Lease:
    return Lease("ana@laptop", SECRET, "deploy", now - 40, now, 60)


def node(name: str, role: str = "worker", state: str = "ready", **more: Any) -> dict[str, Any]:
    manager = {"ManagerStatus": {"Addr": "10.0.0.1:2377", "Leader": True, "Reachability": "reachable"}}
    return {
        "ID": f"id-{name}",
        "CreatedAt": "2026-11-01T00:00:00Z",
        "Description": {"Hostname": name, "Engine": {"Labels": {"token": SECRET}}},
        "Spec": {"Role": role, "Availability": more.get("availability", "active"), "Labels": {"token": SECRET}},
        "Status": {"State": state, "Addr": "10.0.0.2"},
        **(manager if role == "manager" else {}),
    }


def service(name: str, part: str, image: str, replicas: int | None = 2) -> dict[str, Any]:
    mode = {"Global": {}} if replicas is None else {"Replicated": {"Replicas": replicas}}
    labels = {"izzzi.app": "izzzi", "izzzi.service": name.removesuffix("-trial"), "izzzi.part": part, "token": SECRET}
    container = {"Image": image, "Env": [f"PASSWORD={SECRET}"], "Args": ["--password", SECRET]}
    task = {"ContainerSpec": {**container, "Healthcheck": {"Test": ["CMD", SECRET]}}}
    return {"ID": f"id-{name}", "Spec": {"Name": f"izzzi_{name}", "Labels": labels, "Mode": mode, "TaskTemplate": task}}


def task(of: dict[str, Any], host: str, slot: int = 0, image: str = "", **more: str) -> dict[str, Any]:
    container = of["Spec"]["TaskTemplate"]["ContainerSpec"]
    return {
        "ID": f"{of['ID']}-{slot}-{host}-{more.get('state', '')}",
        "ServiceID": of["ID"],
        "NodeID": f"id-{host}" if host else "",
        "Slot": slot,
        "Spec": {"ContainerSpec": {**container, "Image": image or container["Image"]}},
        "Status": {
            "State": more.get("state", "running"),
            "Timestamp": "2026-11-29T09:20:00.123456789Z",
            "Err": f"exec {SECRET}",
            "ContainerStatus": {"ContainerID": "c1"},
        },
        "DesiredState": more.get("desired", "running"),
        "CreatedAt": "2026-11-29T09:10:00Z",
        "NetworksAttachments": [{"Network": {"Spec": {"Name": "izzzi"}}, "Addresses": [f"172.16.0.{len(host)}/24"]}],
    }


def config(kind: str, name: str, labels: dict[str, str], content: Any = None) -> dict[str, Any]:
    data = base64.b64encode(json.dumps(content or {"env": {"PASSWORD": SECRET}}).encode()).decode()
    return {"Spec": {"Name": name, "Labels": {"izzzi.kind": kind, **labels}, "Data": data}}


def release(id: str, state: str, at: float) -> dict[str, Any]:
    return config(
        "release",
        f"izzzi.release.{id}",
        {"izzzi.release": id, "izzzi.state": state, "izzzi.live_at": str(at), "izzzi.reason": SECRET},
    )


def built(name: str, tag: str = OLD) -> str:
    return f"10.0.0.1:5000/izzzi/{name}:{tag}@sha256:{'1' * 64}"


def swarm_facts(rolling: bool = False, dead: str = "", now: float = NOW) -> swarm.Facts:
    """A manager and two workers, with or without a release on its way, and a worker that has died."""
    backend = service("backend", "app", built("backend", NEW if rolling else OLD))
    frontend = service("frontend", "app", built("frontend"))
    postgres = service("postgres", "data", "postgres:17@sha256:" + "2" * 64, 1)
    edge = service("edge", "edge", "nginx:1.28", None)
    hosts = ["manager-1", "worker-1", "worker-2"]
    lives = [name for name in hosts if name != dead]
    tasks = [
        task(postgres, "manager-1", 1),
        *(task(edge, host) for host in hosts),
        task(frontend, "worker-1", 1),
        task(frontend, lives[-1], 2),
        task(backend, "worker-1", 1),
        task(backend, lives[-1], 2, built("backend", OLD)),
        task(frontend, "worker-1", 1, state="failed", desired="shutdown"),
        task(backend, "worker-2", 2, state="shutdown", desired="shutdown"),
    ]
    if dead:
        tasks += [task(frontend, dead, 2, desired="shutdown"), task(backend, dead, 2, desired="shutdown")]
    configs = [release(OLD, "good", NOW - 90_000), release("tree-99", "good", NOW - 200_000), release("x", "bad", 0)]
    if rolling:
        configs += [
            config("lock", "izzzi.lock", {"izzzi.lease": json.dumps(lease(now).__dict__)}),
            config("journal", "izzzi.journal", {}, {"release": NEW, "kind": "deploy", "snapshot": {"x": SECRET}}),
        ]
    return swarm.Facts(
        {
            item["ID"]: parse_node(item)
            for item in (
                node("manager-1", "manager"),
                *(node(name, state="down" if name == dead else "ready") for name in hosts[1:]),
            )
        },
        {item["Spec"]["Name"]: item for item in (backend, frontend, postgres, edge)},
        tasks,
        {item["Spec"]["Name"]: item for item in configs},
    )


IN_SWARM = Settings("izzzi", "swarm", mail_port=8025)
ON_SERVER = Settings("izzzi", "compose")


def of_swarm(rolling: bool = False, dead: str = "", step: str = "", now: float = NOW) -> Any:
    machines = {
        name: Machine(name, now - 20, Room(50 * GIB, 80 * GIB), Room(GIB, 4 * GIB)) for name in WORKERS if name != dead
    }
    own = Machine(OWN.name, now, OWN.disk, OWN.memory, BACKUP)
    return swarm.document(swarm_facts(rolling, dead, now), IN_SWARM, own, now, step, {OLD: "ana@laptop"}, machines)


def container(project: str, name: str, image: str, status: str = "Up 5 minutes (healthy)", **more: Any) -> dict:
    return {
        "Names": [f"/{project}-{name}-1"],
        "Image": image,
        "State": more.get("state", "running"),
        "Status": status,
        "Created": int(NOW) - 300,
        "Command": SECRET,
        "Labels": {
            "com.docker.compose.project": project,
            "com.docker.compose.service": name,
            "com.docker.compose.oneoff": more.get("one_off", "False"),
            "token": SECRET,
        },
        "Mounts": [{"Source": SECRET}],
    }


def server_facts(rolling: bool = False, now: float = NOW) -> compose.Facts:
    services = {"backend": {"environment": {"PASSWORD": SECRET}}, "frontend": {"replicas": 1}}
    made = {"services": services, "env": {"X": SECRET}, "data_services": {"postgres": {}}}
    live = Manifest(OLD, OLD, "f", GOOD, colour="blue", live_at=NOW - 90_000, reason=SECRET, **made)
    candidate = Manifest(NEW, NEW, "g", colour="green", **made)
    containers = [
        container("izzzi", "postgres", "postgres:17"),
        container("izzzi-blue", "backend", f"izzzi/backend:{OLD}"),
        container("izzzi-blue", "frontend", f"izzzi/frontend:{OLD}", "Up 5 minutes"),
        container("izzzi-blue", "migrate", f"izzzi/backend:{OLD}", one_off="True"),
        container("another", "web", "web:1"),
    ]
    if not rolling:
        before = container("izzzi-green", "backend", "izzzi/backend:tree-99", "Exited (0)", state="exited")
        return compose.Facts([*containers, before], {OLD: live}, live)
    containers += [
        container("izzzi-green", "backend", f"izzzi/backend:{NEW}"),
        container("izzzi-green", "frontend", f"izzzi/frontend:{NEW}", "Up 2 seconds (health: starting)"),
    ]
    journal = {"release": NEW, "colour": "green", "kind": "deploy", "step": "start", "started": NOW - 30}
    return compose.Facts(containers, {NEW: candidate, OLD: live}, live, journal, lease(now))


def of_server(rolling: bool = False, step: str = "", now: float = NOW) -> Any:
    own = Machine("app", now, OWN.disk, OWN.memory, BACKUP)
    return compose.document(server_facts(rolling, now), ON_SERVER, own, now, step, {OLD: "ana@laptop"})
