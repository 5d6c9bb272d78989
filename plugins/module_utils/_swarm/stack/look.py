# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person can ask about a stack without changing it: its state and its logs."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from .lock import SwarmLock
from .report import service_report
from .run import Run
from .store import live_release


def info(run: Run) -> dict[str, Any]:
    """Return nodes, services, tasks, releases, the lock and what a killed run left."""
    nodes, releases = run.swarm.nodes(), run.store.releases()
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
        "lock": {"owner": lease.owner, "purpose": lease.purpose, "held": lease.is_held(now)} if lease else None,
        "unfinished": {key: journal[key] for key in ("release", "kind")} if journal else None,
    }
    return {"changed": False, "app": app}


def logs(run: Run) -> dict[str, Any]:
    """Return lines of all tasks of a service, or of all services, in the order of time, each with its task."""
    nodes, lines = run.swarm.nodes(), []
    specs = {name: item["Spec"] for name, item in run.swarm.services().items()}
    for name in [run.named(specs)[0]] if run.params["service"] else sorted(specs):
        for task in run.swarm.tasks(name):
            node = nodes[task.node].name if task.node in nodes else "none"
            for line in run.swarm.logs(task.id, run.params["lines"], timestamps=True).splitlines():
                when, _, words = line.partition(" ")
                lines.append((when, f"{name}.{task.slot or node}@{node} | {words}"))
    return {"changed": False, "logs": "\n".join(f"{when[:23]} {text}" for when, text in sorted(lines))}
