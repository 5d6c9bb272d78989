# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until the tasks of a service are as wanted, and explains why they are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from ..._app.checks import Answer
from ..._app.probe import REQUEST_TIMEOUT, Probe
from ..._app.progress import LOGGER
from ..node import Node
from ..service import Spec, is_job, mark_of, replicas, stop_grace
from ..task import Task
from .api import Swarm
from .job import trial_name
from .model import Options, StackError
from .once import reason
from .watch import CONVERGED, FAILED, Verdict, Watch

INTERVAL = 0.5
# A first start has nothing to fall back on and may stumble once; an update that stumbles is undone.
FIRST_START_FAILURES = 1


@dataclass
class Convergence:
    """Waits for the services of one stack, and notes when what was done. Clock and sleep are injected."""

    swarm: Swarm
    options: Options
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    events: list[str] = field(default_factory=list)
    ports: Mapping[str, int] = field(default_factory=dict)  # of services by their short names
    checks: Mapping[str, list] = field(default_factory=dict)  # the same, of what they shall answer
    send: Callable[[Probe], Answer] = lambda probe: probe.request.send(REQUEST_TIMEOUT)
    started: float = field(init=False)

    def __post_init__(self):
        self.started = self.clock()

    def note(self, text: str) -> None:
        self.events.append(f"{self.clock() - self.started:6.1f} s  {text}")

    def watch(
        self,
        spec: Spec,
        before: frozenset[str] = frozenset(),
        stale: str = "",
        monitor: float | None = None,
        first: bool = False,
    ) -> Watch:
        """Say what to wait for. `before` are ids of tasks whose failures do not count."""
        return Watch(
            mark=mark_of(spec),
            replicas=replicas(spec),
            monitor=self.options.monitor if monitor is None else monitor,
            pending_grace=self.options.pending_grace,
            failures_allowed=FIRST_START_FAILURES if first else 0,
            is_job=is_job(spec),
            alone=bool(reason(spec)),
            ends_by_itself=spec["TaskTemplate"]["RestartPolicy"]["Condition"] in ("none", "on-failure"),
            before=before,
            stale_update=stale,
        )

    def wait(self, watch: Watch, spec: Spec, timeout: float | None = None) -> Verdict:
        """Look at a service until its tasks have converged. Raises StackError when they fail or take too long."""
        name = spec["Name"]
        limit = self._limit(watch, spec) if timeout is None else timeout
        deadline, most = self.clock() + limit, 0
        while True:
            update = (self.swarm.service(name) or {}).get("UpdateStatus")
            nodes = self.swarm.nodes()
            verdict = watch.look(self.swarm.tasks(name), nodes, update, self.clock())
            LOGGER.info("%s: %s", name, verdict.why or verdict.state)
            if verdict.state == CONVERGED:
                return verdict
            if verdict.state == FAILED:
                raise self._failure(name, verdict, nodes)
            if watch.most > most and timeout is None:  # one more runs: an edge on many nodes takes its time on each
                deadline, most = self.clock() + limit, watch.most
            if self.clock() > deadline:
                after = " after the last task that did" if most else ""
                raise self._failure(name, verdict, nodes, f"did not get there within {limit:.0f} s{after}: ")
            self.sleep(INTERVAL)

    def _limit(self, watch: Watch, spec: Spec) -> float:
        """The time for one task, for the one before it to stop, and the pauses that the update makes between them."""
        update = spec.get("UpdateConfig") or {}
        stops = stop_grace(spec) if update.get("Order") == "stop-first" else 0
        turns = (watch.replicas or len(self.swarm.nodes())) / max(update.get("Parallelism", 1), 1)
        return self.options.wait_timeout + stops + turns * update.get("Delay", 0) / 10**9 + watch.monitor

    def _failure(self, name: str, verdict: Verdict, nodes: Mapping[str, Node], prefix: str = "") -> StackError:
        task = verdict.task
        if not task:
            return StackError(f"{name}: {prefix}{verdict.why}", name)
        node = nodes[task.node].name if task.node in nodes else "none"
        code = f", exit code {task.exit_code}" if task.exit_code else ""
        place = f" (task {name}.{task.slot} {task.id[:12]}, node {node}{code})"
        return StackError(
            f"{name}: {prefix}{verdict.why}{place}", name, self.swarm.logs(task.id), self._facts(name, task)
        )

    def _facts(self, name: str, task: Task) -> list[str]:
        """Tell what its health check said, or, where only another node's engine knows that, what it answers itself."""
        service = name.removesuffix(trial_name("")).removeprefix(f"{self.swarm.project}_")
        if said := self.swarm.health(task.container):
            return [f"{name}: its health check said: {said}"]
        port, checks = self.ports.get(service), self.checks.get(service)
        if not (port and checks) or task.state not in ("starting", "running"):
            return []
        namespace, address = self.swarm.network_namespace(), self.swarm.address(task)
        if not (namespace and address):
            return []
        answer = self.swarm.request(namespace, address, port, checks[0])
        return [f"{name}: asked for {checks[0]['path']} at port {port}, it said: {answer.describe()}"]
