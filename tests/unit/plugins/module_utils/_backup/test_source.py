# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup import source
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

SHOP = Database("postgres", "shop", "shop")


@pytest.mark.parametrize(
    ("to", "time"),
    [
        ("2026-11-28 04:31:00", True),
        ("2026-11-28T04:31:00+01:00", True),
        ("latest", False),
        ("end", True),
        ("20261128", False),
    ],
)
def test_a_time_is_told_from_an_id(to, time):
    assert source.is_time(to) is time


def test_a_database_that_the_backup_has_not_is_named():
    dump = source.Dump(SimpleNamespace(), Snapshot("aaaa1111", 0), {"databases": {"old": {}}})
    with pytest.raises(BackupError, match="no database shop; it has old"):
        dump.counts(SHOP)


def test_a_time_without_an_archive_is_refused_with_the_nearest_backup():
    repository = SimpleNamespace(snapshots=lambda: [Snapshot("aaaa1111", 0)])
    context = SimpleNamespace(repository=repository, config=Config("shop", "sftp:host:/r", (SHOP,)))
    with pytest.raises(BackupError, match="aaaa1111 is of 1970"), source.find(context, "2026-11-28 04:31:00"):
        pass
