from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, OPEN, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import steps
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1, migrations=["db/1.sql"])


def begun(transaction, sql: str, live: Manifest | None = LIVE, **options):
    t = transaction(live, migrations=["db/*.sql"], **options)
    steps.begin(t, "20260105-aaaa", "deploy")
    source = t.app.release_directory(t.release) / "source"
    (source / "db").mkdir(parents=True)
    (source / "db/1.sql").write_text("DROP TABLE old;")
    (source / "db/2.sql").write_text(sql)
    return t


def test_a_transaction_opens_with_a_journal_and_an_open_release(transaction):
    t = transaction(LIVE)
    steps.begin(t, "r1", "deploy")
    later = transaction()
    assert (later.journal["release"], later.journal["colour"], later.journal["step"]) == ("r1", "green", "begin")
    assert read_all(t.app.directory)["r1"].state == OPEN


def test_a_release_that_comes_back_stays_good(transaction):
    t = transaction(LIVE)
    steps.begin(t, "r0", "rollback")
    assert t.manifest.state == GOOD


def test_new_destructive_migrations_need_consent_and_known_ones_do_not(transaction):
    t = begun(transaction, "ALTER TABLE a DROP COLUMN b;")
    with pytest.raises(ReleaseError, match=r"(?s)db/2.sql line 1 drops.*app_compose_allow_destructive=true") as raised:
        steps.review(t)
    assert "db/1.sql" not in str(raised.value)


def test_with_consent_they_are_remembered_for_a_rollback(transaction):
    t = begun(transaction, "DROP TABLE b;", allow_destructive=True)
    assert steps.review(t)["new_migrations"] == ["db/2.sql"]
    assert "db/2.sql" in read_all(t.app.directory)["20260105-aaaa"].destructive[0]


def test_an_empty_database_has_nothing_to_destroy(transaction):
    t = begun(transaction, "DROP TABLE b;", live=None)
    assert steps.review(t)["new_migrations"] == ["db/1.sql", "db/2.sql"]
    assert t.manifest.destructive == []


def test_nothing_is_dumped_without_new_migrations(transaction):
    database = {"service": "postgres", "name": "shop", "user": "shop"}
    t = transaction(LIVE, database=database, release_command={"service": "api", "command": ["x"]})
    t.note(release="r0", new_migrations=[])
    assert steps.backup(t) == {"changed": False}


def test_an_app_without_a_release_command_is_not_migrated(transaction):
    t = transaction(LIVE)
    t.note(release="r0")
    assert steps.migrate(t) == {"changed": False}


def test_a_commit_moves_the_link_and_closes_the_journal(transaction, monkeypatch):
    t = transaction(LIVE)
    steps.begin(t, "r1", "deploy")
    monkeypatch.setattr(steps, "tidy", lambda _t: None)  # asks Docker
    steps.commit(t)
    later = transaction()
    assert (later.live.id, later.live.colour, later.live.state) == ("r1", "green", GOOD)
    assert later.journal == {}


def test_whoever_has_not_read_the_apps_own_file_takes_what_the_live_release_knew(transaction):
    """As a rollback, which packs no source."""
    known = {"data_services": {"redis": {"image": "redis:8"}}, "volumes": {"redis": {}}}
    old, new = (Manifest(id, "s", "f", services={id: {"image": "x:1"}}, **known) for id in ("old", "new"))
    t = transaction(live=new, app={"services": {}})
    steps.use_release(t, old)
    assert (list(t.app.services), t.app.data_services, t.app.volumes) == (["old"], *known.values())
    t.app = replace(t.app, data_services={"db": {}})
    steps.use_release(t, old)
    t.app = replace(t.app, data_services={"db": {}, "redis": {"image": "redis:9"}})
    steps.use_release(t, old)
    assert t.app.data_services["redis"] == {"image": "redis:9"}, "what is declared counts"
    assert list(t.app.data_services) == ["redis", "db"], "what only the kept release had comes back"


@pytest.mark.parametrize(("kind", "waits"), [("deploy", {"api": 2, "worker": 1}), ("rollback", {"worker": 1})])
def test_docker_need_not_confirm_what_a_kept_release_proves_itself(transaction, kind, waits):
    api = {"image": "x:1", "port": 80, "replicas": 2, "checks": [{"path": "/"}]}
    t = transaction(LIVE, app={"services": {"api": api, "worker": {"image": "x:1"}}})
    steps.begin(t, "r0", kind)
    assert steps.unproven(t) == waits
