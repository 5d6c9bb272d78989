# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup import take
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

FOUND = {"databases": {"shop": {"counts": {"a": {"rows": 3, "sum": "1"}}}}}
MADE = {"snapshot_id": "abcdef0123", "total_bytes_processed": 10, "data_added": 4}


def test_figures_are_what_was_counted_and_stored():
    figures = take.figures(MADE, FOUND, 100.0, 101.26)
    assert figures == {"id": "abcdef01", "time": 100.0, "seconds": 1.3, "bytes": 10, "added": 4, "rows": 3}


@pytest.mark.parametrize("newest", [[], [900.0], [1100.0]])
def test_a_clock_that_differs_a_little_is_no_matter(newest):
    take.require_forward(newest, 1000.0)


def test_a_clock_that_has_gone_back_forgets_nothing():
    with pytest.raises(BackupError, match=r"1\.0 h behind .* Nothing was forgotten"):
        take.require_forward([4600.0], 1000.0)


def test_staging_is_empty_whatever_a_killed_run_left(tmp_path):
    config = Config("shop", "/r", directory=tmp_path)
    (tmp_path / take.STAGING).mkdir()
    (tmp_path / take.STAGING / "left").write_text("")
    with take.staging(config) as folder:
        assert list(folder.iterdir()) == []
    assert not folder.exists()


def test_files_are_named_after_what_is_in_them():
    assert take.dump_file("shop") == "database-shop.dump"
    assert take.globals_file(Database("postgres", "shop", "shop")) == "roles-postgres.sql"


def test_a_host_that_was_just_installed_does_not_write_over_the_backups_of_another():
    take.require_own([], False, "shop")
    take.require_own([Snapshot("a", 0)], True, "shop")
    with pytest.raises(BackupError, match="1 backups of shop by another host, the newest of 1970"):
        take.require_own([Snapshot("a", 0)], False, "shop")


@pytest.mark.parametrize(
    ("adopt", "opened", "another"),
    [(False, "old", "old"), (True, "", "new")],
)
def test_another_repository_is_begun_when_it_is_asked_for_and_needs_base_backups(adopt, opened, another):
    noted, asked = [], []
    repository = SimpleNamespace(open=lambda known: asked.append(known) or known or "new", snapshots=list)
    context = SimpleNamespace(
        config=Config("shop", "/r", databases=(Database("postgres", "shop", "shop"),)),
        repository=repository,
        state=SimpleNamespace(read=lambda: {"repository": "old"}, note=lambda **values: noted.append(values)),
        base_state=lambda service: SimpleNamespace(note=lambda **values: noted.append({service: values})),
    )
    assert take.own(context, adopt) == []
    assert asked == [opened]
    assert noted[-1] == {"repository": another}
    assert ({"postgres": {"chain": None}} in noted) is adopt
