# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The edge's files on one node: a volume, which the edge's task there includes, and which outlives the task."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._app.docker_words import SWARM_SERVICE
from .._app.edge_files import EdgeFiles
from .._app.program import CommandError, run
from .._app.until import until
from .engine import Engine, NotFound
from .service import EDGE_FILES, PAGES_FILES

LEAVE = 60.0  # seconds, more than the edge's grace period
# Where a task finds the files.
MOUNTED = {EDGE_FILES: "/etc/nginx/izzzi", PAGES_FILES: "/srv/izzzi-pages-state"}


def volume(project: str, files: str = EDGE_FILES) -> str:
    """Return the name of the volume."""
    return f"{project}{files}"


def mount(project: str, files: str = EDGE_FILES) -> dict[str, Any]:
    """Return the volume as the Engine API's Mount. A node makes it with the first task that has it."""
    return {"Type": "volume", "Source": volume(project, files), "Target": MOUNTED[files], "ReadOnly": True}


def directory(engine: Engine, project: str, files: str = EDGE_FILES) -> Path | None:
    """Return where this node has the files; None where no task with them has ever run."""
    try:
        return Path(engine.get(f"/volumes/{volume(project, files)}")["Mountpoint"])
    except NotFound:
        return None


def find(project: str) -> NodeEdge | None:
    """Return this node's edge; None where it has never run."""
    try:
        place = run(["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", volume(project)]).strip()
    except CommandError as error:
        # A manager, which looks among the Swarm's own volumes as well, says it in other words.
        if re.search(rf"no such volume|volume {re.escape(volume(project))} not found", str(error), re.IGNORECASE):
            return None
        raise
    return NodeEdge(Path(place), project)


def remove(
    project: str, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Remove the volume when no container has it any more: Docker ends those of a service that is gone by itself.
    Raise CommandError when it does not in time."""
    users = ["docker", "ps", "--all", "--quiet", f"--filter=volume={volume(project)}"]
    until(lambda: run(users).strip(), timeout=LEAVE, interval=0.5, clock=clock, sleep=sleep)
    run(["docker", "volume", "rm", volume(project)])


def own_addresses() -> list[str]:
    """Return the addresses, beside the loopback, from which this node's own requests reach its edge."""
    asked = "{{range .IPAM.Config}}{{.Gateway}} {{end}}"
    try:
        return run(["docker", "network", "inspect", "--format", asked, "docker_gwbridge"]).split()
    except CommandError:
        return []


class NodeEdge(EdgeFiles):
    """What the edge's tasks on this node include."""

    def __init__(self, directory: Path, project: str):
        super().__init__(directory)
        self._service = f"{project}_edge"

    def check(self) -> None:
        """Let nginx test its configuration in each task that runs here."""
        for task in self._tasks():
            run(["docker", "exec", task, "nginx", "-q", "-t"])

    def reload(self) -> None:
        """Let nginx read it. A task that starts later has read it."""
        for task in self._tasks():
            run(["docker", "exec", task, "nginx", "-q", "-s", "reload"])

    def _tasks(self) -> list[str]:
        return run(["docker", "ps", "--quiet", f"--filter=label={SWARM_SERVICE}={self._service}"]).split()
