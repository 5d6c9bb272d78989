# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges by a service's tasks whether its deployment has converged, has failed and why, or goes on. Pure.

Swarm's own word is not enough: an update's status outlives the update, a rollback ends as well as an update does, and
`docker stack deploy` exits with 0 after both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ..node import Node
from ..task import BROKEN, STATES, Task, describe

WAITING, CONVERGED, FAILED = "waiting", "converged", "failed"


@dataclass(frozen=True)
class Verdict:
    state: str
    why: str = ""
    task: Task | None = None


@dataclass
class Watch:
    """Follows one service until it is as wanted. Call `look` again and again, with seconds of one clock."""

    mark: str
    replicas: int | None  # None: one on every node that fits
    monitor: float
    pending_grace: float = 15
    failures_allowed: int = 0
    is_job: bool = False
    ends_by_itself: bool = False
    alone: bool = False  # then one that is to end counts until it has: it may write to the same volume
    before: frozenset[str] = frozenset()  # tasks from before: their failures are history
    anew: bool = False  # then tasks from before do not count as those that are waited for
    stale_update: str = ""  # when the update that was there before had started
    restoring: bool = False  # then it is no failure that Swarm rolls back, too
    most: int = field(default=0, init=False)  # tasks that ran at once so far
    _since: float | None = field(default=None, init=False)
    _pending: dict[str, float] = field(default_factory=dict, init=False)
    _empty: float | None = field(default=None, init=False)

    def look(self, tasks: Iterable[Task], nodes: Mapping[str, Node], update: Mapping | None, now: float) -> Verdict:
        found = list(tasks)
        new = [task for task in found if task.mark == self.mark and not (self.anew and task.id in self.before)]
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
            wanted = max(1, sum(task.desired == "running" and task.node_lives(nodes) for task in new))
        if len(good) < wanted or (self.replicas is not None and len(good) > wanted):
            why, task = self._slowest(new, nodes)
            return Verdict(WAITING, f"{len(good)} of {wanted} tasks run{'; ' + why if why else ''}", task)
        if any(task.is_running and task not in new for task in found):
            return Verdict(WAITING, "old tasks still run")
        if self.alone and is_making_room(found, nodes):
            return Verdict(WAITING, "a task of it still stops")
        if update.get("State") == "updating":
            return Verdict(WAITING, "Swarm still watches the update")
        return None

    def _is_broken(self, task: Task) -> bool:
        """Return whether it counts as failed.

        Swarm calls complete what nobody asked to stop and ended with 0, even if its health check failed.
        """
        ended = task.state == "complete" and not (self.is_job or self.ends_by_itself)
        return ended or task.state in BROKEN

    def _is_good(self, task: Task, nodes: Mapping[str, Node]) -> bool:
        if self.ends_by_itself and task.state == "complete":
            return True
        return task.is_running and task.node_lives(nodes)

    def _failed(self, new: list[Task], nodes: Mapping[str, Node]) -> Verdict | None:
        broken = [t for t in new if t.id not in self.before and self._is_broken(t) and t.node_lives(nodes)]
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

    def _stuck(self, new: list[Task], nodes: Mapping[str, Node], now: float, is_freed: bool) -> Verdict | None:
        """Give up what has no place for a while; Swarm would retry for ever.

        The time begins when the tasks before have ended: an nginx with open connections keeps its port half a minute.
        """
        if is_freed:
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
        behind = [t for t in new if t.desired in ("running", "ready", "complete") and t.state in STATES[:8]]
        task = min(behind, key=lambda task: STATES.index(task.state), default=None)
        return (describe(task, nodes), task) if task else ("", None)


def is_making_room(tasks: Iterable[Task], nodes: Mapping[str, Node]) -> bool:
    """Return whether a task that is to end still runs, with its port, its memory and its place on its node."""
    return any(t.is_leaving and t.state in STATES[5:9] and t.node_lives(nodes) for t in tasks)
