# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages import swarm
from ansible_collections.izzzi.infra.plugins.module_utils._pages.document import Room
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError, NotFound, NotInSwarm

from tests.pages.facts import (
    GIB,
    IN_SWARM,
    NEW,
    NOW,
    OLD,
    OWN,
    built,
    config,
    lease,
    of_swarm,
    service,
    swarm_facts,
    task,
)


def states(document, node: str) -> dict[str, str]:
    return {f"{task.service}.{task.number}": task.state for task in document.tasks if task.node == node}


def test_each_node_has_its_tasks_with_release_and_health():
    found = of_swarm()
    assert [node.name for node in found.nodes] == ["manager-1", "worker-1", "worker-2"]
    assert states(found, "worker-1") == {"backend.1": "healthy", "frontend.1": "healthy", "edge.0": "healthy"}
    assert {task.release for task in found.tasks if task.part == "app"} == {OLD}
    assert {task.image for task in found.tasks if task.part == "data"} == {"postgres:17"}
    assert found.nodes[1].disk == Room(50 * GIB, 80 * GIB)
    assert found.live == OLD
    assert [(release.id, release.state, release.by) for release in found.releases] == [
        (OLD, "live", "ana@laptop"),
        ("tree-99", "good", ""),
        ("x", "bad", ""),
    ]
    assert {(one.name, one.running, one.wanted) for one in found.services} == {
        ("backend", 2, 2),
        ("frontend", 2, 2),
        ("postgres", 1, 1),
        ("edge", 3, 3),
    }


def test_a_dead_node_stays_with_the_tasks_that_it_has_lost():
    found = of_swarm(dead="worker-2")
    dead = found.nodes[2]
    assert (dead.name, dead.state, dead.disk) == ("worker-2", "down", None)
    assert states(found, "worker-2") == {"edge.0": "lost", "frontend.2": "lost", "backend.2": "lost"}
    assert {one.running for one in found.services if one.part == "app"} == {2}, "their successors run"


def test_a_rollout_says_from_where_to_where_and_how_far():
    found = of_swarm(rolling=True, step="healthy 1 of 2").rollout
    assert (found.before, found.after, found.done, found.total) == (OLD, NEW, 1, 4)
    assert (found.by, found.since, found.step) == ("ana@laptop", NOW - 40, "healthy 1 of 2")
    killed = swarm.document(swarm_facts(rolling=True), IN_SWARM, OWN, NOW + 61).rollout
    assert killed.by == ""
    assert killed.step == "its run was killed; the next one undoes it"


def test_a_run_that_has_begun_no_change_yet_is_told_by_its_lock():
    facts = swarm_facts()
    lock = config("lock", "izzzi.lock", {"izzzi.lease": json.dumps(lease(NOW).__dict__)})
    found = swarm.document(replace(facts, configs={**facts.configs, "izzzi.lock": lock}), IN_SWARM, OWN, NOW)
    assert (found.rollout.kind, found.rollout.after, found.rollout.total) == ("deploy", "", 0)
    assert of_swarm().rollout is None


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({"state": "starting"}, "starting"),
        ({"state": "pending"}, "waiting"),
        ({"state": "running", "desired": "shutdown"}, "stopping"),
        ({"state": "preparing", "desired": "ready"}, "starting"),
        ({"state": "failed"}, None),
        ({"state": "complete"}, None),
    ],
)
def test_a_task_has_one_word(more, state):
    backend = service("backend", "app", built("backend"))
    facts = replace(swarm_facts(), services={"izzzi_backend": backend}, tasks=[task(backend, "worker-1", 1, **more)])
    found = swarm.document(facts, IN_SWARM, OWN, NOW).tasks
    assert [one.state for one in found] == ([state] if state else [])


def test_failures_count_for_ten_minutes():
    def failed(now: float) -> int:
        found = swarm.document(swarm_facts(), IN_SWARM, OWN, now).services
        return next(one.failed for one in found if one.name == "frontend")

    at = swarm.moment("2026-11-29T09:20:00.123Z")
    assert failed(at + 599) == 1
    assert failed(at + 601) == 0


def test_a_trial_is_told_and_counts_for_nothing():
    trial = service("backend-trial", "app", built("backend", NEW), 1)
    facts = swarm_facts(rolling=True)
    more = replace(
        facts,
        services={**facts.services, "izzzi_backend-trial": trial},
        tasks=[*facts.tasks, task(trial, "worker-1", 1)],
    )
    found = swarm.document(more, IN_SWARM, OWN, NOW)
    assert "backend (on trial)" in {one.service for one in found.tasks}
    assert (found.rollout.done, found.rollout.total) == (1, 4)
    assert len(found.services) == 4


def test_what_a_node_said_of_its_disk_does_not_count_for_ever():
    machines = {"worker-1": replace(OWN, name="worker-1", time=NOW - 181)}
    found = swarm.document(swarm_facts(), IN_SWARM, OWN, NOW, machines=machines)
    assert found.nodes[1].disk is None


class Engine:
    def __init__(self, answers):
        self.answers = answers

    def get(self, path, **_more):
        found = self.answers[path]
        if isinstance(found, Exception):
            raise found
        return found


def test_a_worker_writes_no_document_and_a_manager_without_majority_does():
    error = NotInSwarm(503, "This node is not a swarm manager.")
    assert swarm.is_elsewhere(Engine({"/info": {"Swarm": {"ControlAvailable": False}}}), error)
    assert not swarm.is_elsewhere(Engine({"/info": {"Swarm": {"ControlAvailable": True}}}), error)
    assert not swarm.is_elsewhere(Engine({"/info": EngineError(0, "away")}), error)
    assert not swarm.is_elsewhere(Engine({}), EngineError(500, "something else"))


def test_a_manager_is_asked_for_what_the_document_needs(tmp_path):
    (tmp_path / "maintenance.conf").write_text("")
    answers = {"/services": [], "/configs": [], "/nodes": [], "/tasks": []}
    engine = Engine({**answers, "/volumes/izzzi_edge.files": {"Mountpoint": str(tmp_path)}})
    assert swarm.look(engine, IN_SWARM).maintenance is True
    gone = {"/volumes/izzzi_edge.files": NotFound(404, "no"), "/volumes/izzzi_pages.files": NotFound(404, "no")}
    assert swarm.look(Engine({**answers, **gone}), IN_SWARM).maintenance is False
    assert swarm.place(Engine(gone), IN_SWARM) is None
    assert swarm.place(Engine({"/volumes/izzzi_pages.files": {"Mountpoint": "/v"}}), IN_SWARM).as_posix() == "/v"


def test_nobody_is_asked_before_there_is_a_network_and_a_service():
    assert swarm.neighbours(Engine({}), IN_SWARM, None, "manager-1") == {}
    assert swarm.neighbours(Engine({}), IN_SWARM, swarm_facts(), "manager-1") == {}
