from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose.begin import begin
from ansible_collections.izzzi.infra.plugins.module_utils._compose.migrate import backup, migrate, review
from ansible_collections.izzzi.infra.plugins.module_utils._compose.store import read_all

LIVE = Manifest("r0", "r0", "f", GOOD, colour="blue", live_at=1, migrations=["db/1.sql"])


def begun(transaction, sql: str, live: Manifest | None = LIVE, **options):
    t = transaction(live, migrations=["db/*.sql"], **options)
    begin(t, "20260105-aaaa", "deploy")
    source = t.app.release_directory(t.release) / "source"
    (source / "db").mkdir(parents=True)
    (source / "db/1.sql").write_text("DROP TABLE old;")
    (source / "db/2.sql").write_text(sql)
    return t


def test_new_destructive_migrations_need_consent_and_known_ones_do_not(transaction):
    t = begun(transaction, "ALTER TABLE a DROP COLUMN b;")
    with pytest.raises(ReleaseError, match=r"(?s)db/2.sql line 1 drops.*app_compose_allow_destructive=true") as raised:
        review(t)
    assert "db/1.sql" not in str(raised.value)


def test_with_consent_they_are_remembered_for_a_rollback(transaction):
    t = begun(transaction, "DROP TABLE b;", allow_destructive=True)
    assert review(t)["new_migrations"] == ["db/2.sql"]
    assert "db/2.sql" in read_all(t.app.directory)["20260105-aaaa"].destructive[0]


def test_an_empty_database_has_nothing_to_destroy(transaction):
    t = begun(transaction, "DROP TABLE b;", live=None)
    assert review(t)["new_migrations"] == ["db/1.sql", "db/2.sql"]
    assert t.manifest.destructive == []


def test_nothing_is_dumped_without_new_migrations(transaction):
    database = {"service": "postgres", "name": "shop", "user": "shop"}
    t = transaction(LIVE, database=database, release_command={"service": "api", "command": ["x"]})
    t.note(release="r0", new_migrations=[])
    assert backup(t) is None


def test_an_app_without_a_release_command_is_not_migrated(transaction):
    t = transaction(LIVE)
    t.note(release="r0")
    assert migrate(t) is None
