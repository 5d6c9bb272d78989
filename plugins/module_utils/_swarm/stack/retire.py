# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a service goes of which two tasks must never run at once: its containers have ended before another may begin."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from ..engine import EngineError
from ..placement import ENDED
from ..tasks import Node, Task
from .api import Swarm
from .once import reason, replicas_of, volumes_of
from .spec import TASKS

INTERVAL = 0.5
# Seconds after which Swarm takes a task for dead that it has told to stop, and starts the next; less a margin.
SWARM_WAITS = 50.0
# Beside the time that the containers themselves may take to stop.
PATIENCE = 60.0


def retire(
    swarm: Swarm,
    name: str,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Removes the service. Swarm's removal returns while its containers still run, and a successor would meet them."""
    spec = swarm.specs().get(name)
    if spec and reason(spec) and replicas_of(spec):
        _stop(swarm, spec, clock, sleep)
    swarm.remove(name)


def stop_slow(
    swarm: Swarm, wanted: Mapping[str, Any], clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Stops what must not run twice and may take longer to stop than an update of Swarm's waits before it starts."""
    spec = swarm.specs().get(wanted["Name"])
    if spec and reason(spec) and replicas_of(spec) and stop_grace(spec) > SWARM_WAITS and _mark(spec) != _mark(wanted):
        _stop(swarm, spec, clock, sleep)


def _stop(swarm: Swarm, spec: dict, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
    name = spec["Name"]
    swarm.update({**spec, "Mode": {"Replicated": {"Replicas": 0}}})
    deadline = clock() + stop_grace(spec) + PATIENCE
    while left := still_running(swarm.tasks(name), swarm.nodes()):
        if clock() > deadline:
            raise EngineError(0, f"{name} does not stop: task {left[0].id[:12]} is still {left[0].state}.")
        sleep(INTERVAL)


def until_free(
    swarm: Swarm, wanted: Mapping[str, Any], clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Waits for containers that still stop on a new service's volumes: a person may have removed the former service."""
    volumes, deadline = volumes_of(wanted), clock() + stop_grace(wanted) + PATIENCE
    while volumes and still_running(swarm.leaving(volumes), swarm.nodes()) and clock() < deadline:
        sleep(INTERVAL)


def make_anew(
    swarm: Swarm, wanted: Mapping[str, Any], clock: Callable[[], float], sleep: Callable[[float], None]
) -> None:
    """Swarm changes no service from one on every node to a number, or back: it goes, its tasks end, it comes anew."""
    before = swarm.engine.get(f"/services/{wanted['Name']}")
    swarm.remove(wanted["Name"])
    deadline = clock() + stop_grace(before["Spec"]) + PATIENCE
    while still_running(swarm.tasks_of(before["ID"]), swarm.nodes()) and clock() < deadline:
        sleep(INTERVAL)
    swarm.create(wanted)


def stop_grace(spec: Mapping[str, Any]) -> float:
    return spec["TaskTemplate"]["ContainerSpec"].get("StopGracePeriod", 0) / 10**9


def _mark(spec: Mapping[str, Any]) -> str:
    return spec["TaskTemplate"]["ContainerSpec"].get("Labels", {}).get(TASKS, "")


def still_running(tasks: list[Task], nodes: Mapping[str, Node]) -> list[Task]:
    """Tasks with a container that may live. Those of a dead node say so for ever and do not count."""
    return [
        task
        for task in tasks
        if task.state not in ENDED and task.node in nodes and nodes[task.node].is_ready and task.state != "pending"
    ]


def predecessors(spec: Mapping[str, Any], leaving: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Services that go, and whose volume this one takes over: it may begin when they have ended."""
    return sorted(name for name, old in leaving.items() if volumes_of(old) & volumes_of(spec))
