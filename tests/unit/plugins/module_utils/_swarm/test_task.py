# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task, describe, last_error, parse_task

NODES = {"n1": Node("n1", "manager"), "n2": Node("n2", "worker", state="down")}


def test_what_the_engine_says_of_a_task_is_read():
    mounts = [{"Type": "volume", "Source": "shop_db", "Target": "/d"}, {"Type": "bind", "Source": "/a", "Target": "/a"}]
    item = {
        "ID": "t1",
        "Slot": 1,
        "NodeID": "n1",
        "ServiceID": "s1",
        "CreatedAt": "1",
        "DesiredState": "shutdown",
        "Spec": {"ContainerSpec": {"Labels": {"izzzi.tasks": "new"}, "Mounts": mounts}},
        "Status": {
            "State": "failed",
            "Err": "boom",
            "Timestamp": "2",
            "ContainerStatus": {"ExitCode": 2, "ContainerID": "c"},
        },
        "NetworksAttachments": [{"Network": {"Spec": {"Name": "shop"}}, "Addresses": ["172.16.1.7/24"]}],
    }
    assert parse_task(item) == Task(
        id="t1",
        slot=1,
        node="n1",
        mark="new",
        state="failed",
        desired="shutdown",
        error="boom",
        exit_code=2,
        created="1",
        changed="2",
        container="c",
        service="s1",
        volumes=frozenset({"shop_db"}),
        addresses={"shop": ("172.16.1.7",)},
    )
    assert parse_task({"ID": "t", "Spec": {}}).state == "new"


@pytest.mark.parametrize(
    ("state", "desired", "is_running", "is_live"),
    [
        ("running", "running", True, True),
        ("starting", "running", False, True),
        ("running", "shutdown", False, False),
        ("failed", "running", False, False),
        ("complete", "running", False, False),
    ],
)
def test_a_task_runs_or_keeps_its_place(state, desired, is_running, is_live):
    task = Task("t", state=state, desired=desired)
    assert (task.is_running, task.is_live) == (is_running, is_live)


def test_a_task_lives_where_its_node_answers_or_has_no_node_yet():
    assert [Task("t", node=node).node_lives(NODES) for node in ("n1", "n2", "gone", "")] == [True, False, False, True]


def test_a_task_without_a_place_is_described():
    assert describe(Task("a", state="pending"), NODES) == "it waits for a place: not scheduled yet"


def test_the_task_that_failed_last_says_why():
    tasks = [Task("a", error="old", changed="1"), Task("b", error="new", changed="2"), Task("c", changed="3")]
    assert last_error(tasks) == "Its last task says: new."
    assert last_error(tasks[2:]) == ""
