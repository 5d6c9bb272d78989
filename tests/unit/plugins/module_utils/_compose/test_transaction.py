# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.files import changed_files, data_files, write_files
from ansible_collections.izzzi.infra.plugins.module_utils._compose.transaction import use_release

DATA = {
    "data_services": {"redis": {"image": "redis:8", "environment": {"P": "${REDIS_OWNER_PASSWORD}"}}},
}


@pytest.mark.parametrize("password", [{"database_password": "other"}, {"redis_password": "other"}])
def test_a_changed_password_is_one_too(transaction, password):
    options = {
        "database": {"service": "postgres", "name": "shop", "user": "shop"},
        "database_password": "p",
        "redis": {"service": "redis"},
        "redis_password": "p",
    }
    assert transaction(**options).fingerprint != transaction(**(options | password)).fingerprint


def test_data_services_know_the_owners_passwords_only(transaction):
    t = transaction(app=DATA, redis={"service": "redis"}, redis_password="p")
    write_files({t.owner_password_file("redis"): "owner\n"})
    (env,) = [text for path, text in data_files(t).items() if path.name == ".env"]
    assert env == "REDIS_OWNER_PASSWORD=owner\n"
    write_files(data_files(t))
    assert changed_files(data_files(t)) == []
    assert {path.stat().st_mode & 0o777 for path in data_files(t)} == {0o600}


def test_the_way_to_a_candidate_is_made_once_and_for_root_alone(transaction):
    t = transaction()
    assert t.token == t.token
    assert not (t.app.directory / "edge-token").exists(), "looking writes nothing"
    t.keep_token()
    assert (t.app.directory / "edge-token").stat().st_mode & 0o777 == 0o600
    assert transaction().token == t.token


def test_a_journal_survives_the_run_that_wrote_it(transaction):
    transaction().note(release="r1", colour="blue", kind="deploy", step="build", edge={}, started=1.0)
    later = transaction()
    assert (later.release, later.colour, later.journal["step"]) == ("r1", "blue", "build")
    later.forget()
    assert transaction().journal == {}


def test_static_files_come_from_the_releases_that_stay(transaction):
    """The edge's file is the same before and after old releases are pruned, or the next run would call it drift."""
    assets = {"services": {"web": {"image": "w", "port": 3000, "assets": {"/_next/static": "/app/static"}}}}
    t = transaction(app=assets, keep_releases=2)
    for number in range(4):
        (t.app.release_directory(f"r{number}") / "assets").mkdir(parents=True)
    t.releases = {f"r{n}": Manifest(f"r{n}", "s", "f", GOOD, live_at=n) for n in (2, 1, 0)}
    at_the_switch = t.edge_files({"web": [20101]}, "r3")["server.conf"]
    assert "/r3/assets$uri" in at_the_switch
    assert "/r2/assets$uri" in at_the_switch
    t.releases = {f"r{n}": Manifest(f"r{n}", "s", "f", GOOD, live_at=n) for n in (3, 2)}
    assert t.edge_files({"web": [20101]}, "r3")["server.conf"] == at_the_switch


def test_whoever_has_not_read_the_apps_own_file_takes_what_the_live_release_knew(transaction):
    """As a rollback, which packs no source."""
    known = {"data_services": {"redis": {"image": "redis:8"}}, "volumes": {"redis": {}}}
    old, new = (Manifest(id, "s", "f", services={id: {"image": "x:1"}}, **known) for id in ("old", "new"))
    t = transaction(live=new, app={"services": {}})
    use_release(t, old)
    assert (list(t.app.services), t.app.data_services, t.app.volumes) == (["old"], *known.values())
    t.app = replace(t.app, data_services={"db": {}})
    use_release(t, old)
    t.app = replace(t.app, data_services={"db": {}, "redis": {"image": "redis:9"}})
    use_release(t, old)
    assert t.app.data_services["redis"] == {"image": "redis:9"}, "what is declared counts"
    assert list(t.app.data_services) == ["redis", "db"], "what only the kept release had comes back"
