# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from functools import partial
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup import actions
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.context import Context
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


def kept(archived=()):
    """A context with two backups, whose services in `archived` are archived."""
    config = SimpleNamespace(
        archived=dict.fromkeys(archived, "shop"), redis="", databases=[Database("postgres", "shop", "shop")]
    )
    found = SimpleNamespace(repository=Repository(), config=config, clock=lambda: 9000.0)
    found.database = partial(Context.database, found)
    return found


@pytest.mark.parametrize(
    ("to", "what", "archived", "why"),
    [
        ("nosuch", {}, (), "'nosuch' is not a backup. The last ones are aaaa1111"),
        ("nosuch", {"volume": "uploads"}, (), "'nosuch' is not a backup"),
        ("latest", {"redis": True}, (), "No Redis is backed up"),
        ("latest", {"volume": "uploads"}, (), "The backup bbbb2222 of 1970-01-01 01:00:00 UTC has no volume uploads"),
        ("latest", {"database": "blog"}, (), "blog: which database? Declared are: shop"),
        ("latest", {"table": "notes; DROP"}, (), "is not a table such as public.notes"),
        ("latest", {"table": "public.gone"}, (), "has no table public.gone. It has a"),
        ("1970-01-01T01:00:00", {}, (), "needs continuous archiving"),
        ("end", {}, (), "needs continuous archiving"),
        ("1970-01-01T09:00:00", {}, ("postgres",), "is in the future"),
        ("1970-01-01T00:30:00", {}, ("postgres",), "is before the first base backup of postgres"),
    ],
)
def test_what_is_not_there_is_said_before_anything_is_touched(to, what, archived, why, monkeypatch):
    there = [SimpleNamespace(until=3600.0)]
    monkeypatch.setattr(actions.source.base, "bases", lambda _context, _service: there)
    with pytest.raises(BackupError, match=re.escape(why)):
        actions.require(kept(archived), to, what)


def test_an_undo_needs_what_a_restore_has_kept():
    found, databases = kept(), ["shop"]
    found.server = lambda _database: SimpleNamespace(databases=lambda: databases)
    with pytest.raises(BackupError, match="No restore has kept a former shop"):
        actions.require(found, "undo", {})
    databases.append("shop_before_20261130t210000")
    actions.require(found, "undo", {})


@pytest.mark.parametrize("to", ["latest", "bbbb2222", "1970-01-01T02:00:00", "end"])
def test_what_is_there_may_be_restored(to, monkeypatch):
    monkeypatch.setattr(actions.source.base, "bases", lambda *_: [SimpleNamespace(until=3600.0)])
    actions.require(kept(("postgres",)), to, {})
