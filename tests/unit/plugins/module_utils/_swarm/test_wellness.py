# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.wellness import unwell


def node(name: str, **more) -> Node:
    return Node(name, name, **more)


MANAGER = node("manager", role="manager", voter=True, reachable=True)
NODES = [MANAGER, node("one"), node("two")]


def service(name: str, mode: dict, **more) -> dict:
    return {"ID": name, "Spec": {"Name": name, "Mode": mode, "TaskTemplate": {}}, **more}


WEB, EDGE = service("web", {"Replicated": {"Replicas": 2}}), service("edge", {"Global": {}})
TASKS = [Task(f"{s}-{n}", service=s, node=n, state="running") for s, n in (("web", "one"), ("web", "two"))]
TASKS += [Task(f"edge-{n.name}", service="edge", node=n.id, state="running") for n in NODES]


def test_all_is_well():
    assert unwell(NODES, [WEB, EDGE], TASKS, "one") == []


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (node("two", state="down"), "two is down"),
        (node("two", availability="drain"), "two is closed"),
        (node("two", availability="pause"), "two is closed"),
        (node("two", availability="drain", labels={"izzzi.closed": "a reboot"}), "two is closed for a reboot"),
        (node("two", voter=True), "two is not reachable for the other managers"),
    ],
)
def test_no_node_goes_while_another_is_away(other, why):
    assert unwell([MANAGER, NODES[1], other], [], [], "one") == [why]
    assert unwell([MANAGER, NODES[1], other], [], [], "two") == []


@pytest.mark.parametrize(
    ("services", "tasks", "why"),
    [
        ([WEB], TASKS[1:], "web has 1 of 2 tasks"),
        ([WEB], [replace(TASKS[0], state="starting"), *TASKS[1:]], "web has 1 of 2 tasks"),
        ([WEB], [replace(TASKS[0], node="gone"), *TASKS[1:]], "web has 1 of 2 tasks"),
        ([EDGE], TASKS[:-1], "edge does not run on two"),
        ([{**WEB, "UpdateStatus": {"State": "updating"}}], TASKS, "web is being updated"),
        ([service("job", {"ReplicatedJob": {}})], [], None),
        ([{**WEB, "UpdateStatus": {"State": "completed"}}], TASKS, None),
    ],
)
def test_no_node_goes_while_a_service_lacks_tasks(services, tasks, why):
    assert unwell(NODES, services, tasks, "one") == ([why] if why else [])
