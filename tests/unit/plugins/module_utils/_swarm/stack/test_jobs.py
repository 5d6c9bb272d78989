# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs in a Swarm: the ledger that all managers share, what runs, and what the state of its task means."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.images import Image
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import Run
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Conflict, EngineError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.placement import blocker, is_bound, is_missing
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import jobs
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import StackError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

from . import fake_cluster
from .fake_configs import Configs

RUN = Run("digest", "20261127t060000z", 1795759200.0, "api", ("node", "x"), 60.0, by="m1", beat=5.0, attempt=1)
NODES = {"n1": Node("n1", "worker", "10.0.0.3"), "n2": Node("n2", "dead", "10.0.0.4", state="down")}


@pytest.fixture
def ledger():
    """The place of one manager; `another` is that of a second one, with the same Swarm."""
    configs = Configs()

    def manager():
        swarm = Swarm(configs, "shop")
        return jobs.Cluster(SimpleNamespace(swarm=swarm, params={"services": {}}, store=SimpleNamespace(journal=None)))

    found = manager()
    found.another, found.configs = manager(), configs
    return found


def test_of_two_managers_one_has_the_run(ledger):
    mine = ledger.claim(RUN)
    assert mine.version > 0
    assert ledger.another.claim(replace(RUN, by="m2")) is None
    assert ledger.another.runs() == [mine]


def test_a_claim_whose_answer_was_lost_is_known_again(ledger):
    mine = ledger.claim(RUN)
    assert ledger.claim(RUN) == mine


def test_an_entry_is_changed_by_whoever_has_read_it(ledger):
    mine = ledger.claim(RUN)
    theirs = ledger.another.update(replace(mine, by="m2"))
    assert theirs.by == "m2"
    assert ledger.update(replace(mine, state="running")) is None
    assert ledger.update(replace(theirs, state="running")).state == "running"
    ledger.forget(mine)
    assert ledger.runs() == []
    ledger.forget(mine)
    assert ledger.update(theirs) is None


def test_other_configs_of_the_app_are_no_entries(ledger):
    ledger.swarm.make("configs", "shop.lock", b"lock", {"izzzi.kind": "lock"})
    ledger.swarm.make("configs", "shop.job.digest.x", b"job", {"izzzi.kind": "job", "izzzi.run": "{"})
    assert ledger.runs() == []


@pytest.mark.parametrize(
    ("task", "seen"),
    [
        (Task("t", 1, "n1", "", "running"), ("runs", 0, "worker", "", False)),
        (Task("t", 1, "n1", "", "complete"), ("ended", 0, "worker", "", False)),
        (
            Task("t", 1, "n1", "", "failed", exit_code=3),
            ("ended", 3, "worker", "it exited with 3 on node worker", False),
        ),
        (
            Task("t", 1, "n1", "", "rejected", error="No such image: x"),
            ("ended", 1, "worker", "the image is missing on node worker: No such image: x", False),
        ),
        (Task("t", 1, "n2", "", "running"), ("runs", 0, "dead", "", True)),
        (Task("t", 1, "n9", "", "running"), ("runs", 0, "that was removed", "", True)),
        (
            Task("t", 1, "", "", "pending", error="insufficient resources on 3 nodes"),
            ("runs", 0, "", "no node has room for it: insufficient resources on 3 nodes", False),
        ),
    ],
)
def test_a_task_says_how_a_run_is(task, seen):
    found = jobs.seen_of([task], NODES)
    assert (found.state, found.code, found.node, found.error, found.is_away) == seen


def test_what_swarm_ended_has_failed_and_says_why():
    found = jobs.seen_of([Task("t", 1, "n1", "", "shutdown", "shutdown")], NODES)
    assert (found.state, found.code) == ("ended", 1)
    assert "its node was drained" in found.error
    assert jobs.seen_of([], NODES).state == "runs"


def test_a_task_that_a_dead_node_never_got_is_told_from_one_that_it_may_have_begun():
    assert jobs.seen_of([Task("t", 1, "n2", "", "assigned")], NODES).is_unborn
    assert not jobs.seen_of([Task("t", 1, "n2", "", "accepted")], NODES).is_unborn
    assert not jobs.seen_of([Task("t", 1, "n1", "", "assigned")], NODES).is_unborn


@pytest.fixture
def place(monkeypatch):
    """An app that is live in a Swarm of the tests."""
    cluster = fake_cluster.Cluster()
    fake_cluster.run(cluster, "one")
    cluster.log.clear()
    monkeypatch.setattr(jobs, "pulled", lambda image: Image(image, entrypoint=("/start",)))
    store = SimpleNamespace(journal=None, releases=dict)
    run = SimpleNamespace(swarm=cluster, params={"services": {"api": {}}}, store=store)
    found = jobs.Cluster(run, clock=iter(range(1000)).__next__, sleep=lambda _seconds: None)
    found.cluster = cluster
    return found


def test_a_run_is_a_service_of_one_task_that_nobody_starts_again(place):
    place.start(RUN)
    spec = place.cluster.held["shop_digest-20261127t060000z"]
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["TaskTemplate"]["RestartPolicy"] == {"Condition": "none"}
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert "IZZZI_JOB_RUN=20261127t060000z" in container["Env"]
    assert container["Image"] == "api-one@sha256:1"
    assert [*container.get("Command", []), *container["Args"]][-3:] == ["/start", "node", "x"]
    assert spec["Labels"]["izzzi.part"] == "job"
    assert spec["Labels"]["izzzi.job"] == "digest"
    assert all(network["Aliases"] == [] for network in spec["TaskTemplate"]["Networks"])
    assert place.look(RUN).state == "runs"
    place.clean(RUN)
    assert place.look(RUN).state == "missing"
    assert [name for name in place.cluster.contents["configs"] if "ticket" in name] == []


def test_a_second_start_takes_the_first_ones_ticket(place):
    place.start(RUN)
    (ticket,) = [n for n in place.cluster.contents["configs"] if "ticket" in n]
    place.start(replace(RUN, attempt=2))
    (other,) = [n for n in place.cluster.contents["configs"] if "ticket" in n]
    assert ticket != other


def test_a_start_that_was_done_already_is_well_and_one_that_is_refused_is_told(place):
    errors = [Conflict(409, "the name is taken"), EngineError(400, "no such thing"), EngineError(500, "no leader")]

    def create(spec):
        raise errors.pop(0)

    place.cluster.create = create
    place.start(RUN)
    with pytest.raises(StackError, match="no such thing"):
        place.start(RUN)
    with pytest.raises(EngineError, match="no leader"):
        place.start(RUN)
    with pytest.raises(StackError, match="There is no service nope in this Swarm"):
        place.start(replace(RUN, service="nope"))


def test_a_run_is_stopped_by_taking_its_task_away(place):
    place.start(RUN)
    name = "shop_digest-20261127t060000z"
    place.stop(RUN)
    assert place.cluster.held[name]["Mode"] == {"Replicated": {"Replicas": 0}}
    place.clean(RUN)
    place.stop(RUN)


def test_a_long_name_of_a_run_stays_a_name():
    name = jobs.service_name("a-project-with-a-very-long-name", replace(RUN, job="j" * 30))
    assert len(name) <= 63
    assert "." not in name
    assert name != jobs.service_name(
        "a-project-with-a-very-long-name", replace(RUN, job="j" * 30, id="20261127t070000z")
    )


def test_a_node_with_a_job_is_not_drained_and_a_job_that_ended_holds_nobody_up(place):
    place.start(RUN)
    spec = {**place.cluster.held["shop_digest-20261127t060000z"]}
    service = {"ID": "s", "Spec": spec}
    task = Task("t", 1, "n1", "", "running", service="s")
    assert "a job of it runs there" in blocker(service, [task], list(NODES.values()), "n1")
    spec["TaskTemplate"]["Placement"] = {"Constraints": ["node.hostname == worker"]}
    assert not is_bound(spec, NODES.values(), "n1")
    assert not is_missing(service, [], list(NODES.values()), "n1")
