# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.diff import StackChange
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    StackError,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

from tests.unit.plugins.module_utils._swarm.stack.fake_cluster import (
    Cluster,
    deployment,
    made,
    release,
    run,
    with_volume,
)


def test_what_does_not_arrive_in_time_is_given_up():
    cluster = Cluster()
    _, contents = made("one")
    cluster.tasks = lambda name: [Task("t", 1, "n1", "other", "starting", "running")]
    with pytest.raises(StackError, match="shop_db: did not get there within 20 s: 0 of 1 tasks run"):
        deployment(cluster, contents, wait_timeout=10, monitor=0).run("one", "deploy", None, {}, 60)


def test_a_volume_changes_hands_only_when_its_former_service_has_ended_and_back_as_well():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    before, acts = cluster.specs(), len(cluster.log)
    with pytest.raises(StackError):
        release(cluster, with_volume("bad", database="data"), trial=False)
    there = [line for line in cluster.log[acts:] if "shop_d" in line and "trial" not in line]
    assert there == [
        "update shop_db", "remove shop_db", "create shop_database",
        "update shop_database", "remove shop_database", "create shop_db",
    ]  # fmt: skip
    assert cluster.specs() == before


@pytest.mark.parametrize(
    ("health", "state", "status", "facts"),
    [
        # This manager's engine has the container.
        (
            "curl: (22) 503 (exit code 22)",
            "starting",
            503,
            "shop_db: its health check said: curl: (22) 503 (exit code 22)",
        ),
        # Another node's has it: what the task itself answers says the same.
        ("", "starting", 503, "shop_db: asked for /ready at port 5000, it said: 503, body: {}"),
        # There is nobody to ask any more.
        ("", "preparing", 200, None),
    ],
)
def test_what_a_task_that_is_late_says_of_itself_is_told(health, state, status, facts):
    cluster = Cluster()
    cluster.health_said, cluster.status = health, status
    _, contents = made("one")
    mark = contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["Labels"]["izzzi.tasks"]
    cluster.tasks = lambda name: [Task("t", 1, "n1", mark, state, "running", container="c")]
    d = deployment(cluster, contents, wait_timeout=10, monitor=0)
    d.ports = {"db": 5000}
    with pytest.raises(StackError, match="shop_db: did not get there within 20 s") as caught:
        d.run("one", "deploy", None, {"db": [{"path": "/ready"}]}, 60)
    assert caught.value.facts == ((facts,) if facts else ())


def test_a_service_that_changes_its_mode_is_made_anew_and_so_is_the_one_from_before():
    cluster = Cluster()
    run(cluster, "one")
    before, acts = cluster.specs(), len(cluster.log)
    _, contents = made("two", web="bad")
    contents.services["shop_api"]["Mode"] = {"Global": {}}
    d = deployment(cluster, contents, trial=False)
    with pytest.raises(StackError, match="shop_web: it exited with 3"):
        d.run("two", "deploy", None, {}, 60)
    there = [line for line in cluster.log[acts:] if "shop_api" in line and "trial" not in line]
    assert there == ["remove shop_api", "create shop_api", "remove shop_api", "create shop_api"]
    assert cluster.specs() == before
    assert any("nobody answers for it meanwhile" in event for event in d.events)


def test_time_begins_anew_with_each_task_that_gets_there():
    cluster = Cluster()
    _, contents = made("one")
    mark = contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["Labels"]["izzzi.tasks"]
    contents.services["shop_db"]["Mode"] = {"Global": {}}
    contents.services["shop_db"]["UpdateConfig"]["Order"] = "stop-first"
    contents.services["shop_db"]["TaskTemplate"]["ContainerSpec"]["StopGracePeriod"] = 5 * 10**9
    d = deployment(cluster, contents, wait_timeout=10, monitor=0)
    looks = []

    def tasks(name):  # one more every 12 seconds, three of four
        looks.append(d.clock())
        there = min(3, int(d.clock() / 12) + 1)
        return [Task(f"t{n}", 0, "n1", mark, "running" if n < there else "starting", "running") for n in range(4)]

    cluster.tasks = tasks
    with pytest.raises(StackError) as caught:
        d.apply_service(StackChange("create", "shop_db"))
    words = "shop_db: did not get there within 15 s after the last task that did: 3 of 4 tasks run"
    assert str(caught.value).startswith(words)
    assert 39 <= looks[-1] < 41, "24 s until the third, and 15 s"


def test_an_update_by_hand_that_goes_on_is_waited_for_where_nothing_is_to_be_done():
    cluster = Cluster()
    run(cluster, "one")
    _, contents = made("one")
    d = deployment(cluster, contents)
    held, began = cluster.held["shop_web"], d.clock()

    def service(name):
        state = "updating" if d.clock() - began < 20 else "completed"
        return {"Spec": held, "UpdateStatus": {"State": state, "StartedAt": "2026-11-28T12:00:00Z"}}

    cluster.service = service
    d.apply_service(StackChange("noop", "shop_web"))
    assert d.clock() - began >= 20


def test_a_data_service_that_a_person_removed_comes_back_when_its_container_has_stopped():
    cluster = Cluster()
    release(cluster, with_volume("one", db="data"))
    del cluster.held["shop_db"]
    looks = []

    def leaving(volumes):
        looks.append(volumes)
        assert "shop_db" not in cluster.held, "it was made before the other had ended"
        return [Task("old", 1, "n1", "", "running" if len(looks) < 4 else "shutdown", "remove")]

    cluster.leaving = leaving
    release(cluster, with_volume("one", db="data"))
    assert looks == [{"shop_data"}] * 4
    assert "shop_db" in cluster.held
