# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import GOOD, Manifest, ReleaseError
from ansible_collections.izzzi.infra.plugins.module_utils._compose import store
from ansible_collections.izzzi.infra.plugins.module_utils._compose.rollback import choose, predict

SERVICES = {"api": {"image": "x:1", "port": 80}}
OLD = Manifest("old", "old", "f", GOOD, services=SERVICES, colour="green", live_at=1)


def with_old(transaction, destructive: list[str]):
    """`old` was live, then `new`, which is."""
    new = Manifest("new", "new", "f", GOOD, colour="blue", live_at=2, destructive=destructive)
    directory = transaction(new).app.directory
    (directory / "releases" / OLD.id).mkdir()
    store.write(directory, OLD)
    return transaction(app={"services": {}})


def test_the_one_before_is_chosen(transaction):
    chosen, moved = choose(with_old(transaction, []), "")
    assert (chosen.id, moved) == ("old", [])


def test_a_schema_that_moved_on_needs_consent(transaction):
    t = with_old(transaction, ["2.sql drops a"])
    with pytest.raises(ReleaseError, match=r"(?s)new: 2.sql drops a.*_destructive=true"):
        choose(t, "")
    t.options = replace(t.options, allow_destructive=True)
    assert choose(t, "old")[1] == ["new: 2.sql drops a"]


def test_a_release_that_needs_what_nothing_defines_any_more_does_not_come_back(transaction):
    """As after its database was dropped from the declaration: Compose would give it an empty password."""
    t = with_old(transaction, [])
    api = {"image": "x:1", "environment": {"URL": "db://${DATABASE_USER}", "MODE": "${MODE:-fast}"}}
    store.write(t.app.directory, replace(OLD, services={"api": api}))
    with pytest.raises(ReleaseError, match=r"(?s)old cannot.*api.environment.URL needs \$\{DATABASE_USER\}"):
        predict(transaction(app={"services": {}}), "")


def test_a_prediction_shows_the_kept_releases_files_and_writes_none(transaction):
    t = with_old(transaction, [])
    before = sorted(t.app.directory.rglob("*"))
    result = predict(t, "")
    assert (result["changed"], result["release"]) == (True, "old")
    assert "shop/api:old" in str(result["diff"])
    assert sorted(t.app.directory.rglob("*")) == before
