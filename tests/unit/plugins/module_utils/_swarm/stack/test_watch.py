# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.watch import CONVERGED, FAILED, WAITING, Watch
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

NODES = {"n1": Node("n1", "manager"), "n2": Node("n2", "worker")}
DEAD = {**NODES, "n2": Node("n2", "worker", state="down")}
RUNNING = Task("t1", 1, "n1", "new", "running", "running", created="1")


def task(id: str, state: str = "running", desired: str = "running", mark: str = "new", **more) -> Task:
    return Task(id, more.pop("slot", 1), more.pop("node", "n1"), mark, state, desired, **more)


def watch(replicas=2, **more) -> Watch:
    return Watch(mark="new", replicas=replicas, monitor=more.pop("monitor", 5), **more)


def test_new_tasks_must_run_well_for_the_monitor_period():
    w = watch()
    both = [task("a"), task("b", node="n2")]
    assert w.look(both, NODES, None, 0).state == WAITING
    assert w.look(both, NODES, None, 4).why == "well for 4 of 5 s"
    assert w.look([task("a")], NODES, None, 4.5).why == "1 of 2 tasks run"
    assert w.look(both, NODES, None, 5).state == WAITING, "the time starts anew"
    assert w.look(both, NODES, None, 10).state == CONVERGED


def test_old_tasks_and_an_update_that_goes_on_are_waited_for():
    both = [task("a"), task("b")]
    assert watch(monitor=0).look([*both, task("c", mark="old")], NODES, None, 0).why == "old tasks still run"
    stopped = task("c", "shutdown", "shutdown", mark="old")
    update = {"State": "updating", "StartedAt": "2"}
    assert watch(monitor=0).look([*both, stopped], NODES, update, 0).why == "Swarm still watches the update"
    assert (
        watch(monitor=0).look([*both, stopped], NODES, {"State": "completed", "StartedAt": "2"}, 0).state == CONVERGED
    )


def test_the_state_of_a_former_update_says_nothing():
    stale = {"State": "rollback_completed", "StartedAt": "1"}
    both = [task("a"), task("b")]
    assert watch(monitor=0, stale_update="1").look(both, NODES, stale, 0).state == CONVERGED
    verdict = watch(monitor=0, stale_update="0").look(both, NODES, {**stale, "Message": "task x failed"}, 0)
    assert verdict.state == FAILED
    assert verdict.why == "Swarm rolled the update back by itself: task x failed"


def test_a_rollback_by_swarm_itself_names_the_task_that_broke():
    broken = task("a", "failed", "shutdown", exit_code=3)
    verdict = watch(failures_allowed=5).look([broken], NODES, {"State": "paused", "StartedAt": "2"}, 0)
    assert verdict.why == "Swarm paused the update: it exited with 3 on node manager"
    assert verdict.task == broken


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"state": "failed", "exit_code": 3}, "it exited with 3 on node worker"),
        (
            {
                "state": "failed",
                "exit_code": 137,
                "error": "task: non-zero exit (137): dockerexec: unhealthy container",
            },
            "its health check fails on node worker",
        ),
        (
            {"state": "failed", "exit_code": 137},
            "it exited with 137 on node worker, killed: out of memory or too slow to stop",
        ),
        (
            {"state": "rejected", "error": "No such image: web@sha256:1"},
            "the image is missing on node worker: No such image: web@sha256:1",
        ),
        (
            {"state": "rejected", "error": "invalid mount config"},
            "it was rejected on node worker: invalid mount config",
        ),
        ({"state": "failed"}, "it failed on node worker: no reason given"),
        (
            {"state": "complete"},
            "it ended by itself with 0, or was ended because its health check fails on node worker",
        ),
    ],
)
def test_a_broken_task_is_a_reason(broken, why):
    verdict = watch().look([task("a"), task("b", node="n2", desired="shutdown", **broken)], NODES, None, 0)
    assert (verdict.state, verdict.why) == (FAILED, why)
    assert verdict.task.id == "b"


def test_failures_from_before_and_those_of_a_dead_node_do_not_count():
    broken = task("b", "failed", "shutdown", node="n2", exit_code=1)
    good = [task("a"), task("c")]
    assert watch(monitor=0, before=frozenset({"b"})).look([*good, broken], NODES, None, 0).state == CONVERGED
    assert watch(monitor=0).look([*good, broken], DEAD, None, 0).state == CONVERGED
    assert watch(monitor=0).look([*good, replace(broken, mark="old")], NODES, None, 0).state == CONVERGED


def test_a_first_start_may_stumble_once():
    w = watch(replicas=1, monitor=0, failures_allowed=1)
    first, second = (
        task("a", "failed", "shutdown", exit_code=1, created="1"),
        task("b", "failed", exit_code=2, created="2"),
    )
    assert w.look([first, task("c")], NODES, None, 0).state == CONVERGED
    assert w.look([first, second], NODES, None, 0).why == "it exited with 2 on node manager (2 times)"


def test_a_task_of_a_dead_node_does_not_run_whatever_it_says():
    verdict = watch(monitor=0).look([task("a"), task("b", node="n2")], DEAD, None, 0)
    assert (verdict.state, verdict.why) == (WAITING, "1 of 2 tasks run")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        ("no suitable node (insufficient resources on 2 nodes)", "no node has room for it"),
        ("no suitable node (scheduling constraints not satisfied on 2 nodes)", "no node fits it"),
    ],
)
def test_what_finds_no_place_is_given_up_after_a_while(error, why):
    w = watch(pending_grace=15)
    tasks = [task("a"), task("b", "pending", node="", error=error)]
    assert w.look(tasks, NODES, None, 0).state == WAITING
    assert w.look(tasks[:1], NODES, None, 10).state == WAITING, "it found one"
    assert w.look(tasks, NODES, None, 14).state == WAITING
    verdict = w.look(tasks, NODES, None, 29)
    assert verdict.state == FAILED
    assert verdict.why.startswith(why)


def test_what_waits_for_the_port_of_a_task_that_still_stops_is_not_given_up():
    w = watch(replicas=None, pending_grace=15)
    pending = task("b", "pending", error="host-mode port already in use on 1 node")
    stopping = task("a", "running", "shutdown", mark="old")
    assert w.look([stopping, pending], NODES, None, 0).state == WAITING
    assert w.look([stopping, pending], NODES, None, 29).state == WAITING, "an nginx with open connections"
    stopped = task("a", "shutdown", "shutdown", mark="old")
    assert w.look([stopped, pending], NODES, None, 30).state == WAITING
    assert w.look([stopped, pending], NODES, None, 45).state == FAILED
    # What a dead node last said keeps nothing waiting.
    w = watch(replicas=None, pending_grace=15)
    elsewhere = task("c", "running", "shutdown", node="n2")
    assert w.look([elsewhere, pending], DEAD, None, 0).state == WAITING
    assert w.look([elsewhere, pending], DEAD, None, 15).state == FAILED


def test_what_must_run_alone_is_not_there_before_the_other_task_has_ended():
    second = task("b", "running", "remove", slot=2)
    assert watch(1, monitor=0).look([task("a"), second], NODES, None, 0).state == CONVERGED
    verdict = watch(1, monitor=0, alone=True).look([task("a"), second], NODES, None, 0)
    assert (verdict.state, verdict.why) == (WAITING, "a task of it still stops")
    assert watch(1, monitor=0, alone=True).look([task("a")], NODES, None, 0).state == CONVERGED


def test_a_global_service_wants_a_task_on_each_node_that_fits():
    w = watch(replicas=None, monitor=0)
    assert w.look([task("a"), task("b", "starting", node="n2")], NODES, None, 0).state == WAITING
    assert w.look([task("a"), task("b", node="n2")], NODES, None, 0).state == CONVERGED
    assert watch(replicas=None, monitor=0).look([task("a"), task("b", node="n2")], DEAD, None, 0).state == CONVERGED
    empty = watch(replicas=None, pending_grace=5)
    assert empty.look([], NODES, None, 0).state == WAITING
    assert empty.look([], NODES, None, 5).why == "no node fits its constraints"


def test_jobs_and_services_that_end_by_themselves_are_done_when_complete():
    done = task("a", "complete", "complete")
    assert watch(is_job=True).look([], NODES, None, 0).state == WAITING
    assert watch(is_job=True).look([done], NODES, None, 0).state == CONVERGED
    assert watch(replicas=1, monitor=0, ends_by_itself=True).look([done], NODES, None, 0).state == CONVERGED
    assert watch(replicas=1, monitor=0).look([done], NODES, None, 0).state == FAILED


def test_zero_replicas_are_there_at_once():
    assert watch(replicas=0, monitor=0).look([], NODES, None, 0).state == CONVERGED
    assert watch(replicas=1, monitor=0).look([task("a"), task("b")], NODES, None, 0).why == "2 of 1 tasks run"


def test_while_waiting_the_slowest_task_is_named():
    slow = task("b", "preparing", node="n2")
    verdict = watch().look([task("a", "starting"), slow], NODES, None, 0)
    assert verdict.why == "0 of 2 tasks run; it is preparing on node worker"
    assert verdict.task == slow


def test_while_services_are_put_back_it_does_not_matter_that_swarm_does_it_too():
    rolled = {"State": "rollback_started", "StartedAt": "2"}
    both = [task("a"), task("b")]
    assert watch(monitor=0).look(both, NODES, rolled, 0).state == FAILED
    back = watch(monitor=0, restoring=True)
    assert back.look([*both, task("c", mark="bad")], NODES, rolled, 0).why == "old tasks still run"
    assert back.look(both, NODES, rolled, 0).state == CONVERGED
