# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import segments
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.segments import Piece

SIZE = 16 * 2**20


def seg(number: int, timeline: int = 1) -> str:
    return segments.name(f"{timeline:08X}", number, SIZE)


def whole(number: int, time: int, timeline: int = 1) -> Piece:
    return Piece(seg(number, timeline), 0, SIZE, time)


def part(number: int, start: int, end: int, time: int) -> Piece:
    return Piece(seg(number), start, end, time)


@pytest.mark.parametrize(
    ("number", "end"), [(1, "0000000000000001"), (255, "00000000000000FF"), (256, "0000000100000000")]
)
def test_segments_are_numbered_as_postgresql_names_them(number, end):
    assert seg(number) == f"00000001{end}"
    assert segments.number(f"00000001{end}", SIZE) == number


@pytest.mark.parametrize(
    ("lsn", "place"),
    [
        (SIZE * 3 + 5, (seg(3), 5)),
        (SIZE * 4, (seg(3), SIZE)),
        (SIZE * 4 + 1, (seg(4), 1)),
        (SIZE * 256, (seg(255), SIZE)),
    ],
)
def test_a_position_is_a_segment_and_how_much_of_it_there_is(lsn, place):
    assert segments.position(lsn, "00000001", SIZE) == place


def test_names_are_read_as_they_are_written_and_others_left_out():
    pieces = [whole(1, 10), part(2, 0, 96, 20), part(2, 96, 300, 30)]
    names = [piece.name for piece in reversed(pieces)]
    assert segments.parse([*names, "begin", "00000002.history"]) == pieces


@pytest.mark.parametrize(
    ("spool", "reached", "sent", "expected"),
    [
        ([f"{seg(2)}.partial"], (seg(2), 96), {}, [part(2, 0, 96, 20)]),
        ([f"{seg(2)}.partial"], (seg(2), 96), {seg(2): 50}, [part(2, 50, 96, 20)]),
        ([f"{seg(2)}.partial"], (seg(2), 96), {seg(2): 96}, []),
        # The server was at the segment before when the time was taken: of the newer one nothing is known.
        ([seg(1), f"{seg(2)}.partial"], (seg(1), 96), {seg(1): 50}, [whole(1, 20)]),
        ([f"{seg(3)}.partial", seg(1), seg(2)], (seg(3), 9), {}, [whole(1, 10), whole(2, 10), part(3, 0, 9, 20)]),
        ([seg(1)], (seg(2), 9), {seg(1): SIZE}, []),
        ([seg(1), f"{seg(2)}.partial", "00000002.history", "x"], ("", 0), {}, [whole(1, 10)]),
    ],
)
def test_what_is_new_is_sent(spool, reached, sent, expected):
    assert segments.plan(spool, reached, SIZE, sent, (10, 20)) == expected


@pytest.mark.parametrize(
    ("spool", "gone"),
    [([seg(1), seg(2), f"{seg(3)}.partial"], [seg(1)]), ([seg(1)], []), ([seg(1), seg(2)], [seg(1)])],
)
def test_the_newest_file_stays_in_the_spool(spool, gone):
    assert segments.done_with(spool, [seg(1)]) == gone


CHAIN = [whole(2, 10), whole(3, 20), part(4, 0, 100, 30), part(4, 100, 200, 40)]


@pytest.mark.parametrize(
    ("pieces", "until", "expected"),
    [
        (CHAIN, 5, CHAIN[:1]),
        (CHAIN, 20, CHAIN[:2]),
        (CHAIN, 35, CHAIN),
        (CHAIN, None, CHAIN),
        (CHAIN, 99, CHAIN),  # that it ends before is told by others, with the last second
        ([whole(1, 5), *CHAIN], 20, CHAIN[:2]),
        ([*CHAIN[:2], *CHAIN[3:]], 20, CHAIN[:2]),  # a gap behind it is no matter
    ],
)
def test_as_much_as_a_time_needs(pieces, until, expected):
    assert segments.needed(pieces, seg(2), SIZE, until) == expected


@pytest.mark.parametrize(
    ("pieces", "missing"),
    [
        (CHAIN[1:], seg(2)),
        ([CHAIN[0], *CHAIN[2:]], seg(3)),
        ([*CHAIN[:2], CHAIN[3]], seg(4)),
        ([whole(2, 10), part(3, 0, 50, 15), *CHAIN[2:]], seg(3)),
        ([], seg(2)),
    ],
)
def test_a_segment_that_is_missing_is_named(pieces, missing):
    with pytest.raises(BackupError, match=missing):
        segments.needed(pieces, seg(2), SIZE, 35)


@pytest.mark.parametrize(("place", "beyond"), [((seg(4), 200), False), ((seg(4), 199), True), ((seg(3), SIZE), True)])
def test_an_archive_that_has_more_than_the_server(place, beyond):
    assert segments.reaches_beyond(CHAIN, place) is beyond


def test_another_timeline_may_go_on():
    pieces = [whole(2, 10), whole(3, 20, timeline=2)]
    assert segments.first_gap(pieces, seg(2), SIZE) == (2, "")


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 10), (10, 20)], [(0, 10), (10, 20)]),
        ([(0, 10), (0, 20), (5, 15)], [(0, 20)]),
        ([(0, 10), (5, 30), (10, 20)], [(0, 10), (5, 30)]),
        ([(10, 20)], []),
    ],
)
def test_pieces_give_a_segment_as_far_as_they_go(spans, expected):
    found = segments.cover([part(2, *span, 1) for span in spans])
    assert [(piece.start, piece.end) for piece in found] == expected


def test_what_need_not_be_kept():
    old, piece, end, new = whole(1, 5), part(2, 0, 9, 8), whole(2, 10), part(3, 0, 9, 12)
    assert segments.superfluous([old, piece, end, new], seg(2), SIZE) == [old, piece]
    assert segments.superfluous([old, piece, end, new], "", SIZE) == [piece]
