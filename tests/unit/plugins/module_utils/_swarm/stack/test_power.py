# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import replicas
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import StackError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.power import restart, start, stop
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.stopped import is_stopped
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

from .fake_cluster import Cluster, deployment, release, run, with_volume
from .test_verbs import Verb, half_made


class Asked(Verb):
    """Whose deployments do not sleep in earnest."""

    def __init__(self, cluster: Cluster, check: bool = False, service: str = ""):
        super().__init__(cluster, service=service)
        self.check_mode = check

    def deployment(self, desired, contents=None, **options):
        made = super().deployment(desired, contents, **options)
        quick = deployment(self.swarm, type("None", (), {"services": {}}))
        made.clock, made.sleep = quick.clock, quick.sleep
        return made


@pytest.fixture
def cluster() -> Cluster:
    found = Cluster()
    run(found, "one")
    found.log.clear()
    return found


def test_all_stateless_services_are_restarted_and_nothing_else(cluster):
    before = cluster.specs()
    done = restart(Asked(cluster))
    assert cluster.log == ["renew shop_api", "renew shop_web"]
    assert [event.split("s  ")[1].split(" (")[0] for event in done["events"]] == [
        "shop_api: restarted",
        "shop_web: restarted",
    ]
    assert cluster.specs() == before
    assert Store(cluster).journal is None


def test_what_must_not_run_twice_has_ended_before_it_begins():
    cluster = Cluster()
    release(cluster, with_volume("one", db="files"))
    cluster.log.clear()
    restart(Asked(cluster, service="db"))
    assert cluster.log == ["update shop_db", "update shop_db"]
    assert replicas(cluster.specs()["shop_db"]) == 1


def test_a_task_from_before_does_not_count_as_the_new_one(cluster):
    """Their definition, and so their mark, is the same."""
    old = cluster.tasks("shop_api")
    cluster._run_again, cluster._run = cluster._run, lambda spec: cluster.log.append("nothing happens")
    with pytest.raises(StackError, match=r"Nothing was restarted.*\n.*did not get there"):
        restart(Asked(cluster, service="api"))
    assert cluster.tasks("shop_api") == old
    assert Store(cluster).journal is None


def test_a_check_names_what_would_be_restarted(cluster):
    assert restart(Asked(cluster, check=True, service="web"))["events"] == ["shop_web would be restarted."]
    assert cluster.log == []
    with pytest.raises(StackError, match=r"There is no service nope\. There are: api, db, web"):
        restart(Asked(cluster, service="nope"))


def test_a_stop_keeps_definitions_and_a_start_brings_them_back(cluster):
    before = cluster.specs()
    foreseen = sorted(stop(Asked(cluster, check=True))["events"])
    assert foreseen == [f"shop_{name} would be stopped." for name in ("api", "db", "web")]
    stop(Asked(cluster))
    assert cluster.log == ["update shop_api", "update shop_web", "update shop_db"], "data last"
    assert {replicas(spec) for spec in cluster.specs().values()} == {0}
    assert stop(Asked(cluster))["changed"] is False
    with pytest.raises(StackError, match=r"The app is stopped\. Start it"):
        restart(Asked(cluster))
    cluster.log.clear()
    assert start(Asked(cluster))["changed"] is True
    assert cluster.log == ["update shop_db", "update shop_api", "update shop_web"], "data first"
    assert cluster.specs() == before
    assert start(Asked(cluster))["changed"] is False
    assert Store(cluster).journal is None


def test_what_does_not_stop_is_told_and_all_comes_back(cluster):
    before = cluster.specs()
    stuck = Task("x", 1, "n1", "", "running", "shutdown")
    cluster.tasks = lambda name: [*cluster.made.get(name, []), *([stuck] if replicas(cluster.held[name]) == 0 else [])]
    with pytest.raises(StackError, match="shop_api does not stop: task x is still running"):
        stop(Asked(cluster))
    assert cluster.specs() == before


def test_a_start_that_fails_leaves_the_app_stopped(cluster):
    stop(Asked(cluster))
    cluster.held["shop_web"]["TaskTemplate"]["ContainerSpec"]["Image"] = "bad@sha256:1"
    with pytest.raises(StackError, match=r"The app was not started, and stays stopped.*\n"):
        start(Asked(cluster))
    assert is_stopped(cluster.specs())
    assert {replicas(spec) for spec in cluster.specs().values()} == {0}


def test_what_a_killed_run_left_is_undone_first(cluster):
    before = cluster.specs()
    half_made(cluster)
    assert "was killed" in stop(Asked(cluster))["recovered"]
    start(Asked(cluster))
    assert cluster.specs() == before


@pytest.mark.parametrize("verb", [restart, stop, start])
def test_without_a_stack_there_is_nothing_to_do(verb):
    with pytest.raises(StackError, match="There is no shop in this Swarm"):
        verb(Asked(Cluster()))
