from __future__ import annotations

import json
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import everything
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import Config, Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

DATABASES = {"shop": {"dump_bytes": 5, "counts": {}}}


def context(manifest: dict, **config):
    repository = SimpleNamespace(
        snapshots=lambda: [Snapshot("aaaa1111", 0.0), Snapshot("bbbb2222", 60.0)],
        read=lambda snapshot, path: json.dumps({"version": 1, "databases": DATABASES} | manifest),
    )
    return SimpleNamespace(config=Config("shop", "/mnt", **config), repository=repository, clock=lambda: 100.0)


@pytest.fixture
def done(monkeypatch) -> list:
    found: list = []
    monkeypatch.setattr(
        everything.restore, "restore", lambda c, to, into, name: found.append((name, to, into)) or {"rows": 7}
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
    assert (result["rows"], result["id"], len(result["parts"])) == (14, "bbbb2222", 4)


def test_redis_stays_empty_when_the_backup_has_none(done):
    everything.bring_back(context({}, redis="redis"), "aaaa")
    assert done == []
