# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import Conflict
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.store import Store, object_name

from tests.unit.plugins.module_utils._swarm.stack.fake_configs import Configs


@pytest.fixture
def swarm():
    return Swarm(Configs(), "shop")


def test_releases_are_remembered_and_the_last_live_one_comes_first(swarm):
    store = Store(swarm)
    first = Manifest("r1", "s1", "f1", GOOD, services={"shop_web": {"Name": "shop_web"}}, live_at=1.5)
    store.write(first)
    store.write(Manifest("r2", "s2", "f2", GOOD, live_at=2.0))
    assert list(store.releases().values())[1] == first
    store.write(Manifest("r1", "s1", "f1", GOOD, services={"shop_web": {"Name": "shop_web"}}, live_at=3.0))
    assert list(store.releases()) == ["r1", "r2"]
    store.write(Manifest("r2", "s2", "f2 changed", "bad", reason="it crashed"))
    assert store.releases()["r2"].reason == "it crashed"
    store.forget_release("r2")
    store.forget_release("r2")
    assert list(store.releases()) == ["r1"]


def test_an_open_transaction_is_seen_by_the_next_run(swarm):
    store = Store(swarm)
    assert store.journal is None
    store.open({"release": "r1", "snapshot": {"shop_web": {}}})
    with pytest.raises(Conflict):
        store.open({"release": "r2"})
    assert Store(swarm).journal["release"] == "r1"
    store.close()
    assert store.journal is None


def test_long_names_fit():
    assert object_name("shop", "release", "r1") == "shop.release.r1"
    assert len(object_name("shop", "release", "r" * 80)) == 64
    assert object_name("shop", "release", "r" * 80) != object_name("shop", "release", "r" * 81)
