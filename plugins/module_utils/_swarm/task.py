# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of a Swarm's service: everything that is decided from it, read once from what the Engine API says. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .labels import TASKS
from .node import Node
from .service import local_volumes

BROKEN = ("failed", "rejected")
ENDED = ("complete", "shutdown", *BROKEN, "remove", "orphaned")
# In the order in which Swarm goes through them.
STATES = (
    "new",
    "pending",
    "allocated",
    "assigned",
    "accepted",
    "preparing",
    "ready",
    "starting",
    "running",
    "complete",
)
LEAVING = ("shutdown", "remove")  # desired states


@dataclass(frozen=True)
class Task:
    """`state` is what it is, `desired` what Swarm wants it to be; `mark` tells tasks of one definition from others."""

    id: str
    slot: int = 0
    node: str = ""
    mark: str = ""
    state: str = "new"
    desired: str = "running"
    error: str = ""
    exit_code: int = 0
    created: str = ""
    changed: str = ""
    container: str = ""
    service: str = ""
    volumes: frozenset[str] = frozenset()
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by the name of the network

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def is_leaving(self) -> bool:
        return self.desired in LEAVING

    @property
    def is_running(self) -> bool:
        """Whether it runs and shall. One with a health check counts only once it is healthy."""
        return self.desired == "running" and self.state == "running"

    @property
    def is_live(self) -> bool:
        return self.desired in ("running", "ready", "accepted") and not self.has_ended

    def node_lives(self, nodes: Mapping[str, Node]) -> bool:
        """Return whether its node answers, or it has none yet. A dead node's tasks go on saying that they run."""
        return not self.node or (self.node in nodes and nodes[self.node].is_ready)


def parse_task(item: Mapping[str, Any]) -> Task:
    """Read a task of the Engine API."""
    status, spec = item.get("Status") or {}, item.get("Spec") or {}
    container = status.get("ContainerStatus") or {}
    return Task(
        id=item["ID"],
        slot=item.get("Slot", 0),
        node=item.get("NodeID", ""),
        mark=((spec.get("ContainerSpec") or {}).get("Labels") or {}).get(TASKS, ""),
        state=status.get("State", "new"),
        desired=item.get("DesiredState", ""),
        error=status.get("Err", ""),
        exit_code=container.get("ExitCode", 0),
        created=item.get("CreatedAt", ""),
        changed=status.get("Timestamp", ""),
        container=container.get("ContainerID", ""),
        service=item.get("ServiceID", ""),
        volumes=frozenset(local_volumes(spec)),
        addresses={
            attachment["Network"]["Spec"]["Name"]: tuple(
                address.partition("/")[0] for address in attachment.get("Addresses") or []
            )
            for attachment in item.get("NetworksAttachments") or []
        },
    )


def describe(task: Task, nodes: Mapping[str, Node]) -> str:
    """Say why a task does not run, in words that name what to look at."""
    where = f" on node {nodes[task.node].name}" if task.node in nodes else ""
    error = task.error
    if task.state == "pending":
        if "insufficient resources" in error:
            return f"no node has room for it: {error}"
        if "constraints" in error or "no suitable node" in error:
            return f"no node fits it: {error}"
        return f"it waits for a place: {error or 'not scheduled yet'}"
    if any(words in error for words in ("No such image", "manifest unknown", "pull access denied")):
        return f"the image is missing{where}: {error}"
    if task.state == "complete":
        return f"it ended by itself with 0, or was ended because its health check fails{where}"
    if "unhealthy" in error:
        return f"its health check fails{where}"
    if task.state in BROKEN and task.exit_code:
        killed = ", killed: out of memory or too slow to stop" if task.exit_code == 137 else ""
        return f"it exited with {task.exit_code}{where}{killed}"
    if task.state in BROKEN:
        return f"it {'was rejected' if task.state == 'rejected' else 'failed'}{where}: {error or 'no reason given'}"
    # Its container runs when it is starting; Swarm calls the task running when it is healthy.
    what = "its health check is not met yet" if task.state == "starting" else f"it is {task.state}"
    return f"{what}{where}{': ' + error if error else ''}"


def last_error(tasks: Iterable[Task]) -> str:
    """Quote what the task that failed last says; empty when none says anything."""
    failed = [task for task in tasks if task.error]
    return f"Its last task says: {max(failed, key=lambda task: task.changed).error}." if failed else ""
