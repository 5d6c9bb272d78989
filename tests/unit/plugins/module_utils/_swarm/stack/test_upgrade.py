# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack import upgrade
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import StackError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store

from tests.unit.plugins.module_utils._swarm.stack.fake_cluster import Cluster, made, run
from tests.unit.plugins.module_utils._swarm.stack.test_verbs import Verb


class Upgrade(Verb):
    """An upgrade of the app that fake_cluster declares, whose database gets another image."""

    def __init__(self, cluster: Cluster, image: str = "db-new"):
        given = {
            "service": "db",
            "images": {},
            "data_services": {},
            "edge": {},
            "pages": {},
            "pages_secrets": {},
            "env": {},
            "registry": "",
        }
        super().__init__(cluster, **given)
        self.image = image

    def check_variables(self):
        pass

    @property
    def checks(self):
        return {}

    def stack(self, release, images):
        stack = made("one")[0]
        stack.images["db"] = type(stack.images["db"])(f"{self.image}@sha256:1", self.image)
        return stack


@pytest.fixture
def cluster():
    found = Cluster()
    run(found, "one")
    return found


def replicas(cluster: Cluster) -> dict[str, int]:
    return {name: spec["Mode"].get("Replicated", {}).get("Replicas") for name, spec in cluster.specs().items()}


def database(cluster: Cluster) -> str:
    return cluster.specs()["shop_db"]["TaskTemplate"]["ContainerSpec"]["Image"]


def test_the_app_stops_the_database_is_exchanged_and_the_app_goes_on(cluster):
    before, image = replicas(cluster), database(cluster)
    specs = {name: spec for name, spec in cluster.specs().items() if name != "shop_db"}
    upgrade.pause(Upgrade(cluster))
    assert replicas(cluster) == {**before, "shop_api": 0, "shop_web": 0}
    assert database(cluster) == image
    upgrade.exchange(Upgrade(cluster))
    assert database(cluster) == "db-new@sha256:1"
    assert replicas(cluster)["shop_api"] == 0
    upgrade.resume(Upgrade(cluster))
    assert replicas(cluster) == before
    assert {name: spec for name, spec in cluster.specs().items() if name != "shop_db"} == specs
    assert database(cluster) == "db-new@sha256:1"
    assert Store(cluster).journal is None
    assert upgrade.undo(Upgrade(cluster))["changed"] is False


@pytest.mark.parametrize("steps", [[upgrade.pause], [upgrade.pause, upgrade.exchange]])
def test_whatever_comes_next_takes_it_back(cluster, steps):
    before = copy.deepcopy(cluster.specs())
    for step in steps:
        step(Upgrade(cluster))
    assert upgrade.undo(Upgrade(cluster))["changed"] is True
    assert cluster.specs() == before
    assert Store(cluster).journal is None


def test_a_database_that_does_not_start_brings_everything_back(cluster):
    before = copy.deepcopy(cluster.specs())
    upgrade.pause(Upgrade(cluster))
    with pytest.raises(StackError, match="The database was not upgraded"):
        upgrade.exchange(Upgrade(cluster, "bad"))
    assert cluster.specs() == before
    assert Store(cluster).journal is None


@pytest.mark.parametrize("step", [upgrade.exchange, upgrade.resume])
def test_what_another_run_has_undone_does_not_go_on(cluster, step):
    with pytest.raises(StackError, match="Another run has ended this upgrade"):
        step(Upgrade(cluster))


def test_where_nothing_is_live_nothing_is_stopped():
    with pytest.raises(StackError, match="No release of shop is live"):
        upgrade.pause(Upgrade(Cluster()))
