# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import windows
from ansible_collections.izzzi.infra.plugins.module_utils._backup.base import Base
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.segments import Piece

SIZE, NOW = 16 * 2**20, 1_000_000.0
SEG = [f"0000000100000000{number:08X}" for number in range(9)]


def base(chain: str, segment: int, until: int) -> Base:
    return Base("a", "postgres", chain, SEG[segment], until, SIZE, 1)


def whole(number: int, time: int) -> Piece:
    return Piece(SEG[number], 0, SIZE, time)


@pytest.mark.parametrize(
    ("bases", "archives", "expected"),
    [
        ([base("x", 1, 15)], {"x": [whole(1, 10), whole(2, 30)]}, [(15, 30, "")]),
        ([base("x", 1, 15), base("x", 2, 20)], {"x": [whole(1, 10), whole(2, 30)]}, [(15, 30, "")]),
        ([base("x", 1, 15), base("x", 3, 40)], {"x": [whole(1, 20), whole(3, 50)]}, [(15, 20, SEG[2]), (40, 50, "")]),
        (
            [base("x", 1, 15), base("y", 5, 60)],
            {"x": [whole(1, 20)], "y": [whole(5, 70)]},
            [(15, 20, ""), (60, 70, "")],
        ),
        ([base("x", 1, 15)], {}, []),
    ],
)
def test_what_can_be_had_back(bases, archives, expected):
    found = windows.spans(bases, archives)
    assert [(row["since"], row["until"], row["missing"]) for row in found] == expected


def test_it_is_said_to_people():
    said = windows.text({"service": "postgres", "since": 0, "until": 60, "missing": SEG[1]})
    assert said.startswith("postgres: every second from 1970-01-01 00:00:00 UTC to 1970-01-01 00:01:00 UTC")
    assert said.endswith(f"the WAL segment {SEG[1]} is missing")


CHAIN = {"name": "c", "since": NOW - 5000}
BASE = {"chain": "c", "time": NOW - 4000}
GOOD = {"chain": CHAIN, "archived": NOW - 20}


@pytest.mark.parametrize(
    ("state", "last", "told"),
    [
        (GOOD, BASE, []),
        ({**GOOD, "archived": NOW - 90}, BASE, ["ends 90 s ago. Does izzzi-backup-wal@shop run?"]),
        ({**GOOD, "archived": NOW - 90, "trouble": {"why": "away\nx"}}, BASE, ["ends 90 s ago. away"]),
        ({"chain": {**CHAIN, "since": NOW - 9}}, {}, []),
        ({"chain": CHAIN}, BASE, ["has nothing yet"]),
        ({}, {}, ["is not archived. Does"]),
        ({"trouble": {"why": "no"}}, {}, ["is not archived. no"]),
        (GOOD, {"chain": "old", "time": NOW}, ["no base backup yet"]),
        (GOOD, {"chain": "c", "time": NOW - 10 * 86400}, ["10 days old"]),
        ({**GOOD, "broken": {"time": 0, "why": "full"}}, BASE, ["broken since 1970-01-01 00:00:00 UTC: full"]),
    ],
)
def test_troubles(state, last, told):
    found = windows.troubles("postgres", state, last, Config("shop", "/r"), NOW)
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))
