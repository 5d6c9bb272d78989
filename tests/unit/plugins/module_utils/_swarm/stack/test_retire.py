# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.retire import (
    predecessors,
    retire,
    still_running,
    stop_slow,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

NODES = {"n1": Node("n1", "manager"), "n2": Node("n2", "dead", state="down")}


def spec(volume: str = "", part: str = "app", replicas: int = 1) -> dict:
    mounts = [{"Type": "volume", "Source": volume, "Target": "/data"}] if volume else []
    return {
        "Name": "shop_db",
        "Labels": {"izzzi.part": part},
        "TaskTemplate": {"ContainerSpec": {"Mounts": mounts, "StopGracePeriod": 10 * 10**9}},
        "Mode": {"Replicated": {"Replicas": replicas}},
    }


class Stopping:
    """A Swarm whose only task takes some looks to stop."""

    def __init__(self, found: dict, looks: int):
        self.found, self.looks, self.log = found, looks, []

    def specs(self):
        return {"shop_db": self.found}

    def update(self, changed):
        self.log.append(changed["Mode"]["Replicated"]["Replicas"])

    def tasks(self, name):
        self.looks -= 1
        return [Task("t1", 1, "n1", "", "running" if self.looks > 0 else "shutdown", "shutdown")]

    def nodes(self):
        return NODES

    def remove(self, name):
        self.log.append(f"remove {name}")


def test_what_must_not_run_twice_goes_when_its_container_has_stopped():
    swarm, slept = Stopping(spec("shop_db", "data"), 3), []
    retire(swarm, "shop_db", clock=lambda: 0.0, sleep=slept.append)
    assert (swarm.log, len(slept)) == ([0, "remove shop_db"], 2)


@pytest.mark.parametrize(
    ("grace", "mark", "volume", "stops"),
    [(99, "new", "shop_db", True), (9, "new", "shop_db", False), (99, "old", "shop_db", False), (99, "new", "", False)],
)
def test_an_update_waits_for_what_stops_slower_than_swarm_waits(grace, mark, volume, stops):
    swarm = Stopping(spec(volume), 3)
    swarm.found["TaskTemplate"]["ContainerSpec"] |= {"StopGracePeriod": grace * 10**9, "Labels": {"izzzi.tasks": "old"}}
    wanted = spec(volume)
    wanted["TaskTemplate"]["ContainerSpec"]["Labels"] = {"izzzi.tasks": mark}
    stop_slow(swarm, wanted, lambda: 0.0, lambda _: None)
    assert swarm.log == ([0] if stops else [])


def test_others_go_at_once():
    swarm = Stopping(spec(), 3)
    retire(swarm, "shop_db", clock=lambda: 0.0, sleep=lambda _: pytest.fail("it waits"))
    assert swarm.log == ["remove shop_db"]


def test_one_that_never_stops_is_not_removed_under_its_container():
    swarm, now = Stopping(spec("shop_db", "data"), 10**9), [0.0]
    with pytest.raises(EngineError, match="shop_db does not stop: task t1 is still running"):
        retire(swarm, "shop_db", clock=lambda: now[0], sleep=lambda _: now.__setitem__(0, now[0] + 30))
    assert swarm.log == [0]


def test_tasks_of_a_dead_node_and_those_without_a_container_are_not_waited_for():
    states = [("n1", "running"), ("n2", "running"), ("n1", "pending"), ("n1", "failed"), ("", "new")]
    tasks = [Task(str(number), 1, node, "", state, "shutdown") for number, (node, state) in enumerate(states)]
    assert [task.id for task in still_running(tasks, NODES)] == ["0"]


def test_a_service_waits_for_those_whose_volume_it_takes_over():
    leaving = {"shop_old": spec("shop_data"), "shop_other": spec("shop_other"), "shop_web": spec()}
    assert predecessors(spec("shop_data"), leaving) == ["shop_old"]
    assert predecessors(spec(), leaving) == []
