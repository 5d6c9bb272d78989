# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import migrate as migrating
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


DATABASE = {"service": "postgres", "name": "shop", "user": "shop"}


@pytest.fixture
def dumped(monkeypatch) -> list[str]:
    found: list[str] = []

    def dump(_compose, database, path, _timeout):
        found.append(database.name)
        path.write_text("dump")

    monkeypatch.setattr(migrating, "dump", dump)
    return found


def migrated(transaction, command: list[str], live: Manifest | None = LIVE):
    t = begun(transaction, "", live, database=DATABASE, release_command={"service": "api"}, backup_command=command)
    t.note(new_migrations=["db/2.sql"])
    return t


def program(tmp_path, body: str) -> list[str]:
    path = tmp_path / "izzzi-backup"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return [str(path), "now", "shop"]


def test_the_data_is_backed_up_off_the_host_by_the_command_that_is_declared(transaction, tmp_path, dumped):
    command = program(tmp_path, f"echo $* > {tmp_path}/asked")
    assert backup(migrated(transaction, command)) == {"path": ""}
    assert (tmp_path / "asked").read_text() == "now shop\n"
    assert dumped == []


def test_a_storage_that_does_not_answer_stops_no_release(transaction, tmp_path, dumped):
    result = backup(migrated(transaction, program(tmp_path, "echo no answer >&2; exit 1")))
    assert "dumped on this host only, since its backup failed" in result["told"]
    assert "no answer" in result["told"]
    assert dumped == ["shop"]


@pytest.mark.parametrize(("live", "command"), [(None, ["/bin/false"]), (LIVE, ["/no/such/program"]), (LIVE, [])])
def test_where_there_is_no_such_command_the_database_is_dumped(transaction, dumped, live, command):
    result = backup(migrated(transaction, command, live))
    assert dumped == ["shop"]
    assert "told" not in result
