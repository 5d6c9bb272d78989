from __future__ import annotations

import json
from types import SimpleNamespace

from ansible_collections.izzzi.infra.plugins.module_utils._backup import actions
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

MANIFEST = {"version": 1, "databases": {"shop": {"dump_bytes": 5, "counts": {"a": {"rows": 3, "sum": "1"}}}}}


class Repository:
    """Two backups, of which the older one is damaged."""

    def snapshots(self):
        return [Snapshot("aaaa1111", 0.0), Snapshot("bbbb2222", 3600.0, ("nightly",))]

    def read(self, snapshot, path):
        if snapshot == "aaaa1111":
            raise BackupError("damaged\nmore words")
        return json.dumps(MANIFEST)


def test_backups_are_listed_with_what_they_say_of_themselves_and_when_they_were_proven():
    state = SimpleNamespace(read=lambda: {"verified": {"id": "bbbb2222", "proven": 3700.0}})
    context = SimpleNamespace(repository=Repository(), state=state, clock=lambda: 7200.0)
    newest, damaged = actions.listing(context)
    assert newest["rows"] == 3
    assert newest["bytes"] == 5
    assert newest["age"] == 1.0
    assert newest["proven"] == 3700.0
    assert damaged["trouble"] == "damaged"
    assert damaged["proven"] is None
