# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    StackError,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.run import Run
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.verbs import (
    provide_data,
    rollback,
    scale,
    stateless,
)

from tests.unit.plugins.module_utils._swarm.stack.fake_cluster import (
    Cluster,
    made,
    run,
)


class Verb(Run):
    """A verb on a cluster that is none of this machine's."""

    def __init__(self, cluster: Cluster, **params):
        nothing = {name: {} for name in ("services", "options")} | {"release": "", "allow_zero": False}
        waits = {"wait_timeout": 60, "monitor": 0, "pending_grace": 5}
        super().__init__({"project": "shop", **nothing, **waits, **params}, check_mode=False)
        self.swarm, self.store = cluster, Store(cluster)

    def locked(self, purpose):
        return contextlib.nullcontext()


def half_made(cluster: Cluster) -> None:
    """A run was killed when one service and the data were new, another was made, and one was to be."""
    before = cluster.specs()
    _, contents = made("two", secret="new")
    cluster.ensure("secrets", contents.secrets)
    Store(cluster).open({"release": "two", "kind": "deploy", "snapshot": before, "order": list(contents.services)})
    cluster.update(contents.services["shop_api"])
    cluster.update(
        {**contents.services["shop_db"], "Labels": {**contents.services["shop_db"]["Labels"], "half": "yes"}}
    )
    cluster.create({**contents.services["shop_web"], "Name": "shop_new"})


def test_a_scale_after_a_killed_run_scales_what_was_there_before_it():
    cluster = Cluster()
    run(cluster, "one")
    before = cluster.specs()
    half_made(cluster)
    scale(Verb(cluster, service="web", replicas=3))
    after = cluster.specs()
    assert after.pop("shop_web")["Mode"] == {"Replicated": {"Replicas": 3}}
    before.pop("shop_web")
    assert after == before
    half_made(cluster)
    with pytest.raises(StackError, match=r"There is no service new\. There are: api, db, web"):
        scale(Verb(cluster, service="new", replicas=3))


def test_a_rollback_after_a_killed_run_keeps_the_data_services_from_before_it():
    cluster = Cluster()
    run(cluster, "zero")
    run(cluster, "one")
    half_made(cluster)
    assert rollback(Verb(cluster))["release"] == "zero"
    after = cluster.specs()
    assert "half" not in after["shop_db"]["Labels"]
    assert sorted(after) == ["shop_api", "shop_db", "shop_web"]
    assert after["shop_api"]["TaskTemplate"]["ContainerSpec"]["Image"] == "api-zero@sha256:1"


class First(Verb):
    """A verb of the app that fake_cluster declares, before its first release."""

    def __init__(self, cluster: Cluster, check: bool = False):
        super().__init__(
            cluster, images={}, data_services={"db": {"image": "db"}}, edge={}, pages={}, env={}, registry=""
        )
        self.check_mode = check
        self.swarm.provide_network = lambda encrypted: True

    def check_variables(self):
        pass

    def release_id(self, releases):
        return "one"

    def stack(self, release, images):
        return made("one")[0]


def test_the_data_services_of_an_app_that_is_not_live_start_without_a_release():
    cluster = Cluster()
    foreseen = provide_data(First(cluster, check=True))
    assert [change["service"] for change in foreseen["services"]] == ["shop_db"]
    assert cluster.specs() == {}
    assert provide_data(First(cluster))["changed"] is True
    assert list(cluster.specs()) == ["shop_db"]
    assert Store(cluster).journal is None
    assert Store(cluster).releases() == {}
    assert provide_data(First(cluster))["changed"] is False
    run(cluster, "one")
    assert sorted(cluster.specs()) == ["shop_api", "shop_db", "shop_web"], "the release finds them"


@pytest.mark.parametrize("check", [True, False])
def test_where_a_release_is_live_a_deploy_replaces_no_data(check):
    cluster = Cluster()
    run(cluster, "one")
    before = cluster.specs()
    with pytest.raises(StackError, match="Release one is live in this Swarm, so that its data is not replaced"):
        provide_data(First(cluster, check))
    assert cluster.specs() == before


def test_a_rollback_leaves_the_pages_for_operators_as_they_are():
    """They are part of no release: a login that was exchanged does not come back with one."""
    cluster = Cluster()
    run(cluster, "one")
    pages = {**cluster.specs()["shop_web"], "Name": "shop_operators"}
    pages["Labels"] = {**pages["Labels"], "izzzi.part": "pages", "izzzi.service": "operators"}
    cluster.create(pages)
    assert "shop_operators" not in stateless(cluster.specs())
    store = Store(cluster)
    store.write(Manifest("zero", "zero", "f", GOOD, live_at=1.0, services=stateless(cluster.specs())))
    rollback(Verb(cluster, release="zero"))
    assert cluster.specs()["shop_operators"] == pages
