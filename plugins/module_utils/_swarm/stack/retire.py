# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removes services of which two tasks must never run at once: containers have ended before another may begin."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from ..._app.until import until
from ..engine import EngineError
from ..node import Node
from ..service import Spec, mark_of, replicas, stop_grace, volumes_of
from ..task import Task
from .api import Swarm
from .once import reason

Clock, Sleep = Callable[[], float], Callable[[float], None]

INTERVAL = 0.5
# Seconds after which Swarm takes a task for dead that it has told to stop, and starts the next; less a margin.
SWARM_WAITS = 50.0
# Beside the time that the containers themselves may take to stop.
PATIENCE = 60.0


def retire(swarm: Swarm, name: str, clock: Clock = time.monotonic, sleep: Sleep = time.sleep) -> None:
    """Remove the service. Swarm's removal returns while its containers still run, and a successor would meet them."""
    spec = swarm.specs().get(name)
    if spec and reason(spec) and replicas(spec):
        stop(swarm, spec, clock, sleep)
    swarm.remove(name)


def stop_slow(swarm: Swarm, wanted: Spec, clock: Clock, sleep: Sleep) -> None:
    """Stop what must not run twice and may take longer to stop than an update of Swarm's waits before it starts."""
    spec = swarm.specs().get(wanted["Name"])
    if not spec or not reason(spec) or not replicas(spec):
        return
    if stop_grace(spec) > SWARM_WAITS and mark_of(spec) != mark_of(wanted):
        stop(swarm, spec, clock, sleep)


def stop(swarm: Swarm, spec: dict, clock: Clock = time.monotonic, sleep: Sleep = time.sleep) -> None:
    """Leave a service without tasks, and wait until they have ended. One of every node has no number, and goes."""
    name = spec["Name"]
    if replicas(spec) is None:
        before = swarm.engine.get(f"/services/{name}")
        swarm.remove(name)
        until_ended(swarm, lambda: swarm.tasks_of(before["ID"]), spec, clock, sleep)
        return
    swarm.update({**spec, "Mode": {"Replicated": {"Replicas": 0}}})
    if left := until_ended(swarm, lambda: swarm.tasks(name), spec, clock, sleep):
        raise EngineError(0, f"{name} does not stop: task {left[0].id[:12]} is still {left[0].state}.")


def until_free(swarm: Swarm, wanted: Spec, clock: Clock, sleep: Sleep) -> None:
    """Wait for containers that still stop on a new service's volumes: a person may have removed the former service."""
    if volumes := volumes_of(wanted):
        until_ended(swarm, lambda: swarm.leaving(volumes), wanted, clock, sleep)


def make_anew(swarm: Swarm, wanted: Spec, clock: Clock, sleep: Sleep) -> None:
    """Make a service anew: Swarm changes none from one task on every node to a number of tasks, or back."""
    before = swarm.engine.get(f"/services/{wanted['Name']}")
    swarm.remove(wanted["Name"])
    until_ended(swarm, lambda: swarm.tasks_of(before["ID"]), before["Spec"], clock, sleep)
    swarm.create(wanted)


def until_ended(swarm: Swarm, tasks: Callable[[], list[Task]], spec: Spec, clock: Clock, sleep: Sleep) -> list[Task]:
    """Wait until these tasks have no container any more; return those that have one when the time is over."""
    timeout = stop_grace(spec) + PATIENCE
    return until(
        lambda: still_running(tasks(), swarm.nodes()), timeout=timeout, interval=INTERVAL, clock=clock, sleep=sleep
    )


def still_running(tasks: list[Task], nodes: Mapping[str, Node]) -> list[Task]:
    """Return tasks with a container that may live. Those of a dead node say so for ever and do not count."""
    return [
        task
        for task in tasks
        if task.node and task.node_lives(nodes) and not task.has_ended and task.state != "pending"
    ]


def predecessors(spec: Spec, leaving: Mapping[str, Spec]) -> list[str]:
    """Name the services that go and whose volume this one takes over: it may begin when they have ended."""
    return sorted(name for name, old in leaving.items() if volumes_of(old) & volumes_of(spec))
