# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports an app without changing it: its state, its services with each task, its logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from ..._app import maintenance
from ..._app.edge_files import EdgeFiles
from ..._app.jobs.verbs import log_lines
from ..._app.logs import asked, of_container, shown
from ..._app.release import Manifest
from ..labels import DECLARED, JOB_NAME, PART, SAID
from ..node import Node
from ..node_edge import directory
from ..service import replicas
from ..task import Task
from .images import of_nodes
from .jobs import Cluster, listing
from .lock import SwarmLock
from .once import reason
from .run import Run
from .status import release_lines, status_lines
from .stopped import is_stopped
from .store import live_release

# Nobody knows more of a task whose node does not answer: it may run there still.
UNKNOWN = "unknown"


def info(run: Run) -> dict[str, Any]:
    """Return nodes, services, tasks, releases, the lock and what a killed run left; and the same in lines."""
    nodes, releases, specs = run.swarm.nodes(), run.store.releases(), run.swarm.specs()
    live = live_release(releases)
    lease, journal, now = SwarmLock(run.swarm, time.time).read(), run.store.journal, time.time()
    app = {
        "live": live.id if live else None,
        "nodes": [asdict(node) for node in sorted(nodes.values(), key=lambda node: node.name)],
        "services": [
            service_report(name, item, run.swarm.tasks(name), nodes)
            for name, item in sorted(run.swarm.services().items())
        ],
        "releases": [
            {
                "id": m.id,
                "state": "live" if live and m.id == live.id else m.state,
                "live_at": m.live_at,
                "reason": m.reason,
                "images": dict(m.images),
            }
            for m in releases.values()
        ],
        "jobs": listing(run)["jobs"],
        "stopped": is_stopped(specs),
        "certificates": {
            site: json.loads(item["Spec"]["Labels"][SAID]) for site, item in run.swarm.certificates().items()
        },
        **maintenance.report(closed_for(run)),
        "lock": {"owner": lease.owner, "purpose": lease.purpose, "held": lease.is_held(now)} if lease else None,
        "unfinished": {key: journal[key] for key in ("release", "kind")} if journal else None,
    }
    told = {"status": status_lines(app), "listed": release_lines(app)}
    return {"changed": False, "app": app, "node_images": node_images(specs, releases), **told}


def node_images(specs: Mapping[str, dict], releases: Mapping[str, Manifest]) -> dict[str, list[str]]:
    """Return what every node shall have to take any task, and what kept releases need."""
    return of_nodes(specs, [image for release in releases.values() for image in release.images.values()])


def closed_for(run: Run) -> str | None:
    """Return for what this node's edge is closed: empty when a person did it, None when it is open or has never run."""
    place = directory(run.swarm.engine, run.project)
    return maintenance.closed_for(EdgeFiles(place)) if place else None


def logs(run: Run) -> dict[str, Any]:
    """Return lines of all tasks of a service, or of all services, in the order of time, each with its task."""
    p, lines = run.params, []
    wanted = asked({**p, "services": [p["service"]] if p["service"] else []}, time.time())
    nodes = run.swarm.nodes()
    specs = {name: item["Spec"] for name, item in run.swarm.services().items()}
    that_run = {name: item["Spec"]["Labels"][JOB_NAME] for name, item in run.swarm.jobs_that_run().items()}
    entries = Cluster(run).runs()
    if p["service"] in {*(run.params.get("jobs") or {}), *that_run.values(), *(entry.job for entry in entries)}:
        names = [name for name, job in that_run.items() if job == p["service"]]
    else:
        names = [run.named(specs)[0]] if p["service"] else sorted([*specs, *that_run])
    lines += log_lines(entries, wanted)
    for name in names:
        for task in run.swarm.tasks(name):
            node = nodes[task.node].name if task.node in nodes else "none"
            said = run.swarm.logs(task.id, wanted.lines, timestamps=True, since=wanted.since)
            lines += [of_container(f"{name}.{task.slot or node}@{node}", line) for line in said.splitlines()]
    return {"changed": False, "logs": "\n".join(shown(sorted(filter(None, lines)), wanted.grep, run.hidden))}


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
