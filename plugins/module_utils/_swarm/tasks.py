# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a service say about its deployment: converged, failed and why, or not yet. Pure.

Swarm's own word is not enough: an update's status outlives the update, a rollback ends as well as an update does, and
`docker stack deploy` exits with 0 after both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .stack.spec import TASKS

WAITING, CONVERGED, FAILED = "waiting", "converged", "failed"
BROKEN = ("failed", "rejected")
LEFT_BEHIND = ("orphaned", "remove", "shutdown", *BROKEN)
ORDER = ("new", "pending", "allocated", "assigned", "accepted", "preparing", "ready", "starting", "running", "complete")


@dataclass(frozen=True)
class Node:
    id: str
    name: str
    is_ready: bool
    is_active: bool
    address: str = ""


@dataclass(frozen=True)
class Task:
    id: str
    slot: int
    node: str
    mark: str
    state: str
    desired: str
    error: str = ""
    exit_code: int = 0
    created: str = ""
    container: str = ""


@dataclass(frozen=True)
class Verdict:
    state: str
    why: str = ""
    task: Task | None = None


def parse_node(item: Mapping[str, Any]) -> Node:
    return Node(
        id=item["ID"],
        name=item["Description"]["Hostname"],
        is_ready=item["Status"]["State"] == "ready",
        is_active=item["Spec"]["Availability"] == "active",
        address=item["Status"].get("Addr", ""),
    )


def parse_task(item: Mapping[str, Any]) -> Task:
    status = item.get("Status") or {}
    container = status.get("ContainerStatus") or {}
    labels = (item["Spec"].get("ContainerSpec") or {}).get("Labels") or {}
    return Task(
        id=item["ID"],
        slot=item.get("Slot", 0),
        node=item.get("NodeID", ""),
        mark=labels.get(TASKS, ""),
        state=status.get("State", "new"),
        desired=item.get("DesiredState", ""),
        error=status.get("Err", ""),
        exit_code=container.get("ExitCode", 0),
        created=item.get("CreatedAt", ""),
        container=container.get("ContainerID", ""),
    )


@dataclass
class Watch:
    """Follows one service until it is as wanted. Call `look` again and again."""

    mark: str
    replicas: int | None  # None: one on every node that fits
    monitor: float
    pending_grace: float = 15
    failures_allowed: int = 0
    is_job: bool = False
    ends_by_itself: bool = False
    alone: bool = False  # then one that is to end counts until it has: it may write to the same volume
    before: frozenset[str] = frozenset()  # tasks from before: their failures are history
    stale_update: str = ""  # when the update that was there before had started
    restoring: bool = False  # then it is no failure that Swarm rolls back, too
    most: int = field(default=0, init=False)  # tasks that ran at once so far
    _since: float | None = field(default=None, init=False)
    _pending: dict[str, float] = field(default_factory=dict, init=False)
    _empty: float | None = field(default=None, init=False)

    def look(self, tasks: Iterable[Task], nodes: Mapping[str, Node], update: Mapping | None, now: float) -> Verdict:
        found = list(tasks)
        new = [task for task in found if task.mark == self.mark]
        update = update if update and update.get("StartedAt") != self.stale_update and not self.restoring else {}
        stuck = self._stuck(new, nodes, now, is_making_room(found, nodes))
        for failed in (self._failed(new, nodes), self._swarm_gave_up(new, nodes, update), stuck):
            if failed:
                return failed
        if self.is_job:
            done = any(task.state == "complete" for task in new)
            return Verdict(CONVERGED) if done else Verdict(WAITING, *self._slowest(new, nodes))
        missing = self._missing(found, new, nodes, update)
        if missing:
            self._since = None
            return missing
        self._since = now if self._since is None else self._since
        if now - self._since >= self.monitor:
            return Verdict(CONVERGED)
        return Verdict(WAITING, f"well for {now - self._since:.0f} of {self.monitor:.0f} s")

    def _missing(
        self, found: list[Task], new: list[Task], nodes: Mapping[str, Node], update: Mapping
    ) -> Verdict | None:
        good = [task for task in new if self._is_good(task, nodes)]
        self.most = max(self.most, len(good))
        wanted = self.replicas
        if wanted is None:
            wanted = max(1, sum(task.desired == "running" and _node_lives(task, nodes) for task in new))
        if len(good) < wanted or (self.replicas is not None and len(good) > wanted):
            why, task = self._slowest(new, nodes)
            return Verdict(WAITING, f"{len(good)} of {wanted} tasks run{'; ' + why if why else ''}", task)
        if any(task.mark != self.mark and task.desired == "running" and task.state == "running" for task in found):
            return Verdict(WAITING, "old tasks still run")
        if self.alone and is_making_room(found, nodes):
            return Verdict(WAITING, "a task of it still stops")
        if update.get("State") == "updating":
            return Verdict(WAITING, "Swarm still watches the update")
        return None

    def _is_broken(self, task: Task) -> bool:
        """Swarm calls complete what nobody asked to stop and ended with 0, even if its health check failed."""
        ended = task.state == "complete" and not (self.is_job or self.ends_by_itself)
        return ended or task.state in BROKEN

    def _is_good(self, task: Task, nodes: Mapping[str, Node]) -> bool:
        if self.ends_by_itself and task.state == "complete":
            return True
        return task.state == "running" and task.desired == "running" and _node_lives(task, nodes)

    def _failed(self, new: list[Task], nodes: Mapping[str, Node]) -> Verdict | None:
        broken = [t for t in new if t.id not in self.before and self._is_broken(t) and _node_lives(t, nodes)]
        if len(broken) <= self.failures_allowed:
            return None
        last = max(broken, key=lambda task: task.created)
        times = f" ({len(broken)} times)" if len(broken) > 1 else ""
        return Verdict(FAILED, describe(last, nodes) + times, last)

    def _swarm_gave_up(self, new: list[Task], nodes: Mapping[str, Node], update: Mapping) -> Verdict | None:
        state = update.get("State", "")
        if state != "paused" and not state.startswith("rollback"):
            return None
        broken = [task for task in new if task.id not in self.before and self._is_broken(task)]
        last = max(broken, key=lambda task: task.created, default=None)
        what = "paused the update" if state == "paused" else "rolled the update back by itself"
        reason = describe(last, nodes) if last else update.get("Message", state)
        return Verdict(FAILED, f"Swarm {what}: {reason}", last)

    def _stuck(self, new: list[Task], nodes: Mapping[str, Node], now: float, room_comes: bool) -> Verdict | None:
        """Swarm retries for ever what has no place; it is given up when that does not change for a while.

        That begins when the tasks before have ended: an nginx with open connections keeps its port half a minute.
        """
        if room_comes:
            self._pending, self._empty = {}, None
            return None
        waiting = {
            t.id: t for t in new if t.state == "pending" and t.error and t.desired in ("running", "complete", "ready")
        }
        self._pending = {id: self._pending.get(id, now) for id in waiting}
        for id, since in self._pending.items():
            if now - since >= self.pending_grace:
                return Verdict(FAILED, describe(waiting[id], nodes), waiting[id])
        self._empty = None if new or self.replicas is not None else (now if self._empty is None else self._empty)
        if self._empty is not None and now - self._empty >= self.pending_grace:
            return Verdict(FAILED, "no node fits its constraints")
        return None

    def _slowest(self, new: list[Task], nodes: Mapping[str, Node]) -> tuple[str, Task | None]:
        behind = [t for t in new if t.desired in ("running", "ready", "complete") and t.state in ORDER[:8]]
        task = min(behind, key=lambda task: ORDER.index(task.state), default=None)
        return (describe(task, nodes), task) if task else ("", None)


def is_making_room(tasks: Iterable[Task], nodes: Mapping[str, Node]) -> bool:
    """Whether a task that is to end still runs, with its port, its memory and its place among those of its node."""
    return any(t.desired in ("shutdown", "remove") and t.state in ORDER[5:9] and _node_lives(t, nodes) for t in tasks)


def _node_lives(task: Task, nodes: Mapping[str, Node]) -> bool:
    """A dead node's tasks go on saying that they run."""
    return not task.node or (task.node in nodes and nodes[task.node].is_ready)


def describe(task: Task, nodes: Mapping[str, Node]) -> str:
    """Why a task does not run, in words that name what to look at."""
    where = f" on node {nodes[task.node].name}" if task.node in nodes else ""
    error = task.error
    if task.state == "pending":
        if "insufficient resources" in error:
            return f"no node has room for it: {error}"
        if "constraints" in error or "no suitable node" in error:
            return f"no node fits it: {error}"
        return f"it waits for a place: {error or 'not scheduled yet'}"
    if "No such image" in error or "manifest unknown" in error or "pull access denied" in error:
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
    if task.state == "starting":  # its container runs; Swarm calls the task running when it is healthy
        return f"its health check is not met yet{where}{': ' + error if error else ''}"
    return f"it is {task.state}{where}{': ' + error if error else ''}"
