# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import gzip
import os
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import point
from ansible_collections.izzzi.infra.plugins.module_utils._backup.base import Base
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.segments import Piece

SIZE = 1000
SEG = "000000010000000000000002"
BASES = [Base(name, "postgres", "c", SEG, until, SIZE, 1) for name, until in (("a", 100), ("b", 200))]


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("1970-01-01 00:01:00", 60.0),
        ("1970-01-01 00:01:00 UTC", 60.0),
        ("1970-01-01T01:01:00.5+01:00", 60.5),
        ("1970-01-01 00:01:00Z", 60.0),
        ("end", None),
    ],
)
def test_a_time_without_a_zone_is_utc(to, expected):
    assert point.moment(to) == expected


def test_what_is_no_time_is_refused():
    with pytest.raises(BackupError, match="is not a time"):
        point.moment("2026-11-28 25:00")


@pytest.mark.parametrize(("until", "chosen"), [(100, "a"), (199.5, "a"), (200, "b"), (None, "b")])
def test_the_newest_base_that_had_ended_before(until, chosen):
    assert point.choose(BASES, until, "postgres").id == chosen


@pytest.mark.parametrize(("there", "told"), [([], "no base backup of postgres yet"), (BASES, "00:01:40 UTC")])
def test_a_time_before_the_first_base(there, told):
    with pytest.raises(BackupError, match=told):
        point.choose(there, 99, "postgres")


@pytest.mark.parametrize(
    ("pieces", "later", "told"),
    [
        ([Piece(SEG, 0, 5, 120)], [], "last second that can be had back is 1970-01-01 00:02:00"),
        ([Piece(SEG, 0, 5, 120)], BASES[1:], "goes on at 1970-01-01 00:03:20"),
        ([], [], "archive is empty"),
    ],
)
def test_a_time_after_the_end(pieces, later, told):
    with pytest.raises(BackupError, match=told):
        point.require_reached(pieces, 150, later)
    point.require_reached(pieces, None, later)


def test_the_target_is_written_with_its_zone():
    assert point.recovery(60.5)[0] == "recovery_target_time=1970-01-01 00:01:00.500000+00"
    assert point.recovery(None) == []


def stored(folder, piece: Piece, data: bytes) -> Piece:
    (folder / piece.name).write_bytes(data)
    return piece


def test_a_segment_is_made_whole_from_its_pieces(tmp_path):
    pieces = [
        stored(tmp_path, Piece(SEG, 0, 4, 1), gzip.compress(b"abcd")),
        stored(tmp_path, Piece(SEG, 4, 6, 2), gzip.compress(b"ef")),
        stored(tmp_path, Piece(SEG, 0, 5, 3), gzip.compress(b"abcde")[:9]),  # of a run that was killed
    ]
    point.assemble(pieces, tmp_path, tmp_path / SEG, SIZE)
    assert (tmp_path / SEG).read_bytes() == b"abcdef" + bytes(SIZE - 6)


@pytest.mark.parametrize(
    "data",
    [b"", b"no gzip", gzip.compress(b"abcd")[:-3], gzip.compress(b"abc")],
    ids=["empty", "other", "cut", "short"],
)
def test_a_damaged_segment_is_named(data, tmp_path):
    with pytest.raises(BackupError, match=f"{SEG} is damaged or missing"):
        point.assemble([stored(tmp_path, Piece(SEG, 0, 4, 1), data)], tmp_path, tmp_path / SEG, SIZE)


def test_the_server_can_read_its_wal_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        folder = point.prepare(SimpleNamespace(config=SimpleNamespace(directory=tmp_path)), "postgres")
    finally:
        os.umask(before)
    assert (folder / "wal").stat().st_mode & 0o777 == 0o755
