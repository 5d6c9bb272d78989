# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What files an archive of WAL consists of, and which of them a point in time needs. Pure.

A segment lies in the archive in pieces: what had been written at one round, then at the next, and once more in one
piece when it is complete. A name says all of it: SEGMENT.START-END.TIME.gz. TIME is in whole seconds since 1970: up to
the end of this piece, everything is there that was committed until then.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from . import names
from .config import BackupError

_PIECE = re.compile(r"([0-9A-F]{24})\.([0-9a-f]{8})-([0-9a-f]{8})\.(\d+)\.gz")
_HISTORY = re.compile(r"[0-9A-F]{8}\.history")
_SEGMENT = re.compile(r"[0-9A-F]{24}")
_PARTIAL = ".partial"


@dataclass(frozen=True)
class Piece:
    """The bytes from `start` to `end` of a segment. `time` is in seconds since 1970."""

    segment: str
    start: int
    end: int
    time: int

    @property
    def name(self) -> str:
        """Return the name of its file in the archive."""
        return f"{self.segment}.{self.start:08x}-{self.end:08x}.{self.time}.gz"


def parse(files: Iterable[str]) -> list[Piece]:
    """Return the pieces among an archive's files, in the order in which PostgreSQL wrote them."""
    found = [_PIECE.fullmatch(file) for file in files]
    pieces = [Piece(m[1], int(m[2], 16), int(m[3], 16), int(m[4])) for m in found if m]
    return sorted(pieces, key=lambda piece: (piece.segment[8:], piece.segment, piece.end, piece.start))


def number(segment: str, size: int) -> int:
    """Return the place of a segment in the order of all, whatever its timeline. `size` is a segment's, in bytes."""
    return int(segment[8:16], 16) * (2**32 // size) + int(segment[16:], 16)


def name(timeline: str, at: int, size: int) -> str:
    """Return the name of the segment with a number."""
    high, low = divmod(at, 2**32 // size)
    return f"{timeline}{high:08X}{low:08X}"


def position(lsn: int, timeline: str, size: int) -> tuple[str, int]:
    """Return the segment in which WAL ends, and how many bytes of it there are. `lsn` counts bytes."""
    at = max(lsn - 1, 0) // size
    return name(timeline, at, size), lsn - at * size


def reaches_beyond(pieces: Sequence[Piece], place: tuple[str, int]) -> bool:
    """Tell whether there is more than up to a place, as `position` gives it."""
    return any((piece.segment[8:], piece.end) > (place[0][8:], place[1]) for piece in pieces)


def is_history(file: str) -> bool:
    """Tell whether a file says where a timeline has left another one."""
    return bool(_HISTORY.fullmatch(file))


def plan(
    spool: Iterable[str], reached: tuple[str, int], size: int, sent: Mapping[str, int], times: tuple[int, int]
) -> list[Piece]:
    """Return the pieces that are to be sent now: every complete segment, and of the one that is being written what is
    new. `reached` is where the server was at the later one of `times`, `sent` how far each unfinished segment was sent.
    """
    before, now = times
    found = []
    for file in sorted(spool, key=lambda file: (file[8:24], file)):
        segment = file.removesuffix(_PARTIAL)
        if not _SEGMENT.fullmatch(segment):
            continue
        has_reached = segment[8:] == reached[0][8:]
        if sent.get(segment, 0) >= size:
            continue
        if not file.endswith(_PARTIAL):
            found.append(Piece(segment, 0, size, now if has_reached else before))
        elif has_reached and reached[1] > sent.get(segment, 0):
            found.append(Piece(segment, sent.get(segment, 0), reached[1], now))
    return found


def done_with(spool: Iterable[str], sent: Iterable[str]) -> list[str]:
    """Return the complete segments that need not stay in the spool. The newest file does: by it pg_receivewal knows
    where to go on."""
    files = sorted((f for f in spool if _SEGMENT.fullmatch(f.removesuffix(_PARTIAL))), key=lambda f: (f[8:24], f))
    return sorted(set(files[:-1]) & set(sent))


def first_gap(pieces: Sequence[Piece], first: str, size: int) -> tuple[int, str]:
    """Return how many of the pieces follow `first` without a gap, and the name of the segment that is missing or not
    whole, empty when there is none."""
    at, have = number(first, size), 0
    for index, piece in enumerate(pieces):
        where = number(piece.segment, size)
        if where < at:
            continue
        if where > at + 1 or (where == at + 1 and have < size) or (where == at and piece.start > have):
            return index, name(first[:8], at + (have >= size), size)
        if where == at + 1:
            at, have = where, 0
            if piece.start:
                return index, piece.segment
        have = max(have, piece.end)
    return len(pieces), "" if have else first


def needed(pieces: Sequence[Piece], first: str, size: int, until: float | None) -> list[Piece]:
    """Return the pieces by which a base backup that begins with the segment `first` reaches a time, or the end. Raise
    BackupError when one is missing, or when the archive ends before that time."""
    count, missing = first_gap(pieces, first, size)
    there = [piece for piece in pieces[:count] if number(piece.segment, size) >= number(first, size)]
    ends = [index for index, piece in enumerate(there) if until is not None and piece.time >= until]
    if missing and not ends:
        known = f"The last second before it is {names.utc(last(there))}." if last(there) else "Nothing is before it."
        raise BackupError(f"The WAL segment {missing} is missing or not whole. {known}")
    return there[: ends[0] + 1] if ends else there


def last(pieces: Iterable[Piece]) -> int:
    """Return up to which second an archive goes, 0 when it is empty."""
    return max((piece.time for piece in pieces), default=0)


def cover(pieces: Iterable[Piece]) -> list[Piece]:
    """Return pieces of one segment that give it from its beginning as far as they go, as few as possible."""
    found, end, left = [], 0, list(pieces)
    while fitting := [piece for piece in left if piece.start <= end < piece.end]:
        found.append(max(fitting, key=lambda piece: piece.end))
        end = found[-1].end
    return found


def superfluous(pieces: Iterable[Piece], first: str, size: int) -> list[Piece]:
    """Return what an archive need not keep: what is before the segment `first`, and pieces of segments that are there
    as a whole."""
    pieces = list(pieces)
    whole = {piece.segment for piece in pieces if (piece.start, piece.end) == (0, size)}
    oldest = number(first, size) if first else 0
    return [
        piece
        for piece in pieces
        if number(piece.segment, size) < oldest or (piece.segment in whole and (piece.start, piece.end) != (0, size))
    ]
