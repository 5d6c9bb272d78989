from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.files import changed_files, data_files, write_files
from ansible_collections.izzzi.infra.plugins.module_utils._compose.transaction import plan

DATA = {
    "data_services": {"redis": {"image": "redis:8", "environment": {"P": "${REDIS_OWNER_PASSWORD}"}}},
}


def test_an_empty_host_gets_everything_in_blue(transaction):
    t = transaction(app=DATA, redis={"service": "redis"}, redis_password="p")
    result = plan(t)
    assert (result["release"], result["new"], result["colour"]) == ("20260105-aaaa", True, "blue")
    assert result["unpack"] is True
    assert [reason.rpartition("/")[2] for reason in result["data"]] == ["compose.yml differs", ".env differs"]
    assert not any(t.app.directory.iterdir()), "a plan writes nothing"


def test_a_changed_secret_is_a_release_of_its_own(transaction):
    first = transaction()
    live = Manifest("20260105-aaaa", "20260105-aaaa", first.fingerprint, GOOD, colour="blue", live_at=1)
    t = transaction(live, app={"secrets": {"TOKEN": "new"}})
    result = plan(t)
    assert (result["new"], result["colour"], result["live"]) == (True, "green", "20260105-aaaa")
    assert result["release"] == f"20260105-aaaa-{t.fingerprint[:6]}"


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
    assert (t.app.directory / "edge-token").stat().st_mode & 0o777 == 0o600


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
