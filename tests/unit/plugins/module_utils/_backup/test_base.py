# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import tarfile

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import base
from ansible_collections.izzzi.infra.plugins.module_utils._backup.base import DAY, Base
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.repository import Snapshot

LABEL = b"START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\nCHECKPOINT LOCATION: 0/2000080\n"


def of(name: str, until: int) -> Base:
    return Base(name, "postgres", "7-1", "000000010000000000000002", until, 16777216, 5)


def test_tags_are_read_as_they_are_written():
    one = of("a", 7)
    assert base.read([Snapshot("a", 9, tuple(one.tags)), Snapshot("b", 9, ("base",))]) == [one]


@pytest.mark.parametrize(
    ("days", "forgotten"),
    [([1], []), ([8], []), ([9, 8, 1], ["9"]), ([20, 15, 8, 7, 1], ["20", "15", "8"]), ([3, 2, 1], [])],
)
def test_the_one_before_the_window_stays(days, forgotten):
    there = [of(str(day), -day * DAY) for day in days]
    assert [found.id for found in base.unneeded(there, 0, 7)] == forgotten


@pytest.mark.parametrize(
    ("last", "due"), [({}, True), ({"chain": "old", "time": 99}, True), ({"chain": "c", "time": 99}, False)]
)
def test_a_new_chain_needs_a_base(last, due):
    assert base.is_due(last, {"name": "c"}, 100, 7) is due


def test_an_old_one_is_made_anew():
    assert base.is_due({"chain": "c", "time": 0}, {"name": "c"}, 8 * DAY, 7)


def tar(path, text: bytes):
    with tarfile.open(path, "w") as file:
        entry = tarfile.TarInfo("backup_label")
        entry.size = len(text)
        file.addfile(entry, io.BytesIO(text))
    return path


def test_the_first_segment_is_read_from_the_label(tmp_path):
    assert base.label(tar(tmp_path / "base.tar", LABEL)) == "000000010000000000000002"


def test_a_file_without_a_label_is_refused(tmp_path):
    with pytest.raises(BackupError, match="no backup_label"):
        base.label(tar(tmp_path / "base.tar", b""))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("FATAL: no pg_hba.conf entry for replication", "local replication shop trust"),
        ("can only write single tablespace to stdout", "backup_wal to false"),
        ("the connection was lost", "Nothing was stored"),
    ],
)
def test_why_there_is_none(said, told):
    assert told in base.explain(said, "shop")
