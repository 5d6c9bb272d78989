# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import undo as undoing
from ansible_collections.izzzi.infra.plugins.module_utils._compose.data import data, keep_before, stay_up
from ansible_collections.izzzi.infra.plugins.module_utils._compose.files import data_files, write_files
from ansible_collections.izzzi.infra.plugins.module_utils._compose.health import require_up

from .engine import new

SERVICES = {"web": {"image": "x:1", "port": 3000}}
DB = {"db": {"image": "postgres:17", "volumes": ["pg:/data"], "environment": {"A": "${A}"}}}
KNOWN = {"services": SERVICES, "data_services": DB, "volumes": {"pg": {}}}
LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1, **KNOWN)
WEB = new("shop-blue", "web", "shop/web:r0")
OLD = {**KNOWN, "env": {"A": "old"}}


def changed(**more) -> dict:
    return OLD | {"data_services": DB | more, "env": {"A": "new"}}


@pytest.fixture
def begun(transaction, engine):
    """A run that has changed `db`, added `cache`, and was killed before either was healthy."""
    t = transaction(LIVE, OLD)
    engine.has(WEB, new("shop", "db", "postgres:17"))
    write_files(data_files(t))
    t = transaction(app=changed(cache={"image": "redis:8"}))
    keep_before(t)
    write_files(data_files(t))
    engine.has(WEB, new("shop", "db", "postgres:17", status="exited"), new("shop", "cache", "redis:8"))
    engine.heal()
    return t


def services(t) -> dict:
    return json.loads((t.data.directory / "compose.yml").read_text())["services"]


@pytest.mark.parametrize("journal", [True, False])
def test_the_old_definition_comes_back(begun, transaction, engine, journal):
    if journal:
        begun.note(release="r1", colour="green", kind="deploy", step="data", edge={}, started=1.0)
    t = transaction(app={"services": {"odd": None}})
    assert "undid it" in undoing.recover(t)
    assert engine.containers == {"shop-blue-web": "running", "shop-db": "running"}
    assert list(services(t)) == ["db"]
    assert (t.data.directory / ".env").read_text() == "A=old\n"
    assert not t.data_before.exists()
    assert undoing.recover(transaction(app=OLD)) == ""


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"services": 3}'])
def test_a_damaged_definition_is_made_up_for_by_the_live_release(transaction, engine, damage):
    t = transaction(LIVE, changed())
    engine.has(WEB, new("shop", "db", "postgres:17"))
    write_files({t.data.directory / "compose.yml": damage})
    keep_before(t)
    assert json.loads((t.data_before / "compose.yml").read_text())["services"].keys() == {"db"}


def test_half_of_what_was_kept_changes_nothing(transaction, engine):
    """Killed while it noted the old definition: the document is written last."""
    t = transaction(LIVE, OLD)
    engine.has(WEB, new("shop", "db", "postgres:17"))
    write_files(data_files(t) | {t.data_before / ".env": "half"})
    assert "undid it" in undoing.recover(transaction(app=OLD))
    assert engine.containers == {"shop-blue-web": "running", "shop-db": "running"}
    assert list(services(t)) == ["db"]
    assert not t.data_before.exists()


def test_the_first_data_services_of_an_app_leave_nothing(transaction, engine):
    live = Manifest("r0", "r0", "f", GOOD, services=SERVICES, colour="blue", live_at=1)
    t = transaction(live, changed())
    engine.has(WEB)
    keep_before(t)
    write_files(data_files(t))
    engine.has(WEB, new("shop", "db", "postgres:17"))
    undoing.recover(transaction(app={"services": SERVICES}))
    assert engine.containers == {"shop-blue-web": "running"}
    assert not (t.data.directory / "compose.yml").exists()


def test_what_would_lose_data_is_refused_before_anything_is_touched(transaction, engine):
    t = transaction(LIVE, OLD | {"data_services": {"db": DB["db"] | {"image": "postgres:18"}}})
    container = new("shop", "db", "postgres:17")
    container["Mounts"] = [{"Type": "volume", "Name": "shop_pg", "Destination": "/data"}]
    engine.has(WEB, container)
    with pytest.raises(ReleaseError, match=r"(?s)another major version.*app_compose_allow_data_change=true"):
        data(t)
    assert not t.data.directory.exists()
    assert not t.data_before.exists()


def test_a_service_that_runs_for_a_moment_only_is_not_up(transaction, engine):
    """With a bad setting, say, and without a health check of its own."""
    t = transaction(LIVE, OLD)
    engine.has(new("shop", "db", "postgres:17"))
    looked: list[float] = []

    def sleep(seconds: float) -> None:
        looked.append(seconds)
        engine.has(new("shop", "db", "postgres:17", status="exited"))

    t.sleep = sleep
    with pytest.raises(ReleaseError, match="db: its container exited"):
        stay_up(t, before=[])
    assert looked == [2.0]
    stay_up(t, before=["shop-db"])
    assert looked == [2.0], "only new ones are waited for"


def test_a_new_one_that_falls_later_stops_the_release_before_visitors_come(transaction, engine):
    t = transaction(LIVE, OLD)
    engine.has(new("shop", "db", "postgres:17"))
    t.note(release="r1", colour="green", kind="deploy", step="data", edge={}, started=1.0)
    stay_up(t, before=[])
    assert t.journal["data"] == {"shop-db": 0}
    engine.has(new("shop", "db", "postgres:17", status="restarting"))
    with pytest.raises(ReleaseError, match="db: its container"):
        require_up(t.data, t.journal["data"])


def test_where_all_is_as_declared_nothing_is_made(transaction, engine):
    """An undo has removed the idle colour's network; the next run without a new release leaves it so."""
    t = transaction(LIVE, {"services": SERVICES})
    engine.has(WEB)
    assert data(t) == {"changed": False, "reasons": []}
    assert not (engine.directory / "asked").exists()
    t.note(release="r1", colour="green", kind="deploy", step="data", edge={}, started=1.0)
    data(t)
    assert "network create" in engine.asked
