# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import upgrade, verbs

from .engine import new
from .test_verbs import ask_of, asked  # noqa: F401 (a fixture)

DATABASE = {"service": "db", "name": "shop", "user": "shop"}


@pytest.fixture
def there(asked, engine, tmp_path):  # noqa: F811
    """A host with a live release and its database of another version than is declared."""
    (tmp_path / "shop/data").mkdir()
    (tmp_path / "shop/data/owner-password").write_text("p\n")
    old = {"services": {"db": {"image": "postgres:15", "volumes": ["pg:/data"]}}, "volumes": {"pg": {}}}
    (tmp_path / "shop/data/compose.yml").write_text(json.dumps(old))
    engine.has(*engine_of(engine), new("shop", "db", "postgres:15"))

    def ask(**params):
        declared = {
            "data_services": {"db": {"image": "postgres:17", "volumes": ["pg:/data"]}},
            "volumes": {"pg": {"name": "shop_pg_17"}},
            "database": DATABASE,
            "database_password": "p",
        }
        return asked(**{**declared, **params})

    return ask


def engine_of(engine) -> list[dict]:
    return json.loads((engine.directory / "engine.json").read_text())


def images(engine) -> dict[str, str]:
    return {c["Id"]: c["Config"]["Image"] for c in engine_of(engine)}


def test_a_pause_stops_the_app_and_leaves_the_data(there, engine, transaction):
    assert verbs.pause(there())["changed"] is True
    assert engine.containers == {"shop-blue-api": "exited", "shop-db": "running"}
    assert transaction().journal["kind"] == "upgrade"


def test_whatever_comes_next_takes_a_pause_back(there, engine, transaction):
    verbs.pause(there())
    assert verbs.take_back(there(check=True))["changed"] is True
    assert verbs.take_back(there())["recovered"] == "The run of r0 was killed (pause): undid it."
    assert engine.containers == {"shop-blue-api": "running", "shop-db": "running"}
    assert transaction().journal == {}
    assert verbs.take_back(there())["changed"] is False


def test_the_old_definition_comes_back_after_an_exchange(there, engine, transaction, tmp_path):
    verbs.pause(there())
    verbs.exchange(there())
    assert images(engine)["shop-db"] == "postgres:17"
    assert "shop_pg_17" in (tmp_path / "shop/data/compose.yml").read_text()
    verbs.take_back(there())
    assert images(engine)["shop-db"] == "postgres:15"
    assert "shop_pg_17" not in (tmp_path / "shop/data/compose.yml").read_text()
    assert engine.containers["shop-blue-api"] == "running"
    assert not transaction().data_before.exists()


def test_after_a_resume_there_is_no_way_back(there, engine, transaction):
    verbs.pause(there())
    verbs.exchange(there())
    verbs.resume(there())
    assert images(engine)["shop-db"] == "postgres:17"
    assert engine.containers == {"shop-blue-api": "running", "shop-db": "running"}
    assert (transaction().journal, transaction().data_before.exists()) == ({}, False)
    assert verbs.take_back(there())["changed"] is False


@pytest.mark.parametrize("verb", [verbs.exchange, verbs.resume])
def test_what_another_run_has_undone_does_not_go_on(there, verb):
    with pytest.raises(ReleaseError, match="Another run has ended this upgrade"):
        verb(there())


def test_other_data_is_not_moved_along_with_it(there, engine):
    verbs.pause(there())
    cache = new("shop", "cache", "redis:7")
    cache["Mounts"] = [{"Type": "volume", "Name": "shop_cache", "Destination": "/data"}]
    engine.has(*engine_of(engine), cache)
    services = {
        "db": {"image": "postgres:17", "volumes": ["pg:/data"]},
        "cache": {"image": "redis:8", "volumes": ["cache:/data"]},
    }
    with pytest.raises(ReleaseError, match="redis:7 becomes redis:8"):
        verbs.exchange(there(data_services=services, volumes={"pg": {"name": "shop_pg_17"}, "cache": {}}))
    assert images(engine)["shop-db"] == "postgres:15"
    assert engine.containers["shop-blue-api"] == "running", "it was undone"


def test_where_nothing_is_live_nothing_is_stopped(transaction, engine, tmp_path):
    transaction()
    engine.has()
    engine.heal()
    with pytest.raises(ReleaseError, match="No release of shop is live"):
        verbs.pause(ask_of(tmp_path))


def test_the_page_for_visitors_goes_on_and_off_with_the_pause(there, transaction, tmp_path):
    edge = tmp_path / "edge"
    edge.mkdir()
    services = {"api": {"image": "x:1", "port": 80}}
    options = {"edge_directory": str(edge), "services": services}
    verbs.pause(there(**options))
    assert "Back soon" in (edge / "maintenance.html").read_text()
    verbs.take_back(there(**options))
    assert not (edge / "maintenance.conf").exists()
    (edge / "maintenance.conf").write_text("by hand")
    verbs.pause(there(**options))
    verbs.take_back(there(**options))
    assert (edge / "maintenance.conf").read_text() == "by hand", "what somebody else has closed stays closed"


def test_kind_is_one_that_a_journal_may_have(transaction):
    t = transaction()
    t.note(release="r0", colour="green", kind=upgrade.UPGRADE, step="pause", edge={}, started=1.0)
    assert transaction().journal["step"] == "pause"
