# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup import everything
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

DATABASES = {"shop": {"dump_bytes": 5, "counts": {}}}


def context(manifest: dict, **config):
    repository = SimpleNamespace(
        snapshots=lambda: [Snapshot("aaaa1111", 0.0), Snapshot("bbbb2222", 60.0)],
        read=lambda snapshot, path: json.dumps({"version": 1, "databases": DATABASES} | manifest),
    )
    state = SimpleNamespace(read=dict)
    config = Config("shop", "/mnt", **config)
    return SimpleNamespace(config=config, repository=repository, state=state, clock=lambda: 100.0)


@pytest.fixture
def done(monkeypatch) -> list:
    found: list = []
    monkeypatch.setattr(
        everything.restore,
        "restore",
        lambda c, to, into, name, sql: found.append((name, to, into)) or {"rows": 7, "until": 55.0, "what": to},
    )
    monkeypatch.setattr(everything.restore_redis, "restore", lambda c, to: found.append(("redis", to)) or {"keys": 2})
    monkeypatch.setattr(
        everything.restore_volume,
        "fill_empty",
        lambda c, volume, snapshot: found.append((volume, snapshot.id)) or {"files": 1},
    )
    return found


def test_all_parts_come_from_one_backup(done):
    databases = (Database("postgres", "shop", "shop"), Database("postgres", "stats", "shop"))
    asked = context({"redis": {"keys": 2}}, databases=databases, redis="redis", volumes=("uploads",))
    result = everything.bring_back(asked)
    assert done == [
        ("shop", "bbbb2222", "live"),
        ("stats", "bbbb2222", "live"),
        ("redis", "bbbb2222"),
        ("uploads", "bbbb2222"),
    ]
    assert (result["rows"], result["id"], result["age"], len(result["parts"])) == (14, "bbbb2222", 45, 4)


def test_what_is_not_postgresqls_comes_from_the_newest_backup_of_before_a_point_in_time(done):
    asked = context({"redis": {"keys": 2}}, databases=(Database("postgres", "shop", "shop"),), redis="redis")
    result = everything.bring_back(asked, "1970-01-01 00:00:30")
    assert done == [("shop", "1970-01-01 00:00:30", "live"), ("redis", "aaaa1111")]
    assert (result["what"], result["age"]) == ("1970-01-01 00:00:30", 45)
    everything.bring_back(asked, "end")
    assert done[-2:] == [("shop", "end", "live"), ("redis", "bbbb2222")]


def test_redis_stays_empty_when_the_backup_has_none(done):
    everything.bring_back(context({}, redis="redis"), "aaaa")
    assert done == []


def test_data_that_is_in_use_is_not_replaced(done):
    asked = context({})
    asked.state = SimpleNamespace(read=lambda: {"backup": {"id": "cccc3333"}})
    with pytest.raises(BackupError, match="This host has made the backup cccc3333, so that its data is in use"):
        everything.bring_back(asked)
    assert done == []


def test_the_data_services_are_waited_for_and_the_last_reason_is_told():
    answers = iter([BackupError("No container"), CommandError("the database system is starting up"), None])
    now = [0.0]

    def databases():
        if error := next(answers, BackupError("it is gone again")):
            raise error

    asked = context({}, databases=(Database("postgres", "shop", "shop"),))
    asked.server = lambda database: SimpleNamespace(databases=databases)

    def pause(seconds):
        now[0] += seconds

    everything.wait_for_services(asked, 60, lambda: now[0], pause)
    assert now[0] == 4
    with pytest.raises(BackupError, match="it is gone again"):
        everything.wait_for_services(asked, 6, lambda: now[0], pause)


def test_a_check_refuses_what_the_run_would_refuse():
    asked = context({})
    assert everything.foresee(asked, "latest")["id"] == "bbbb2222"
    asked.state = SimpleNamespace(read=lambda: {"backup": {"id": "cccc3333"}})
    with pytest.raises(BackupError, match="made the backup cccc3333"):
        everything.foresee(asked, "latest")
