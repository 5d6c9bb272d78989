# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from itertools import islice

from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import Line, Source, of_container
from ansible_collections.izzzi.infra.plugins.module_utils._command.follow import HOLD, follow, ready


def line(second: int, name: str = "a") -> Line:
    return Line(f"2026-01-05T10:00:{second:02}.0Z", name, "x")


def test_lines_wait_a_moment_for_earlier_ones():
    held = [(0.0, line(2)), (0.1, line(1, "b")), (1.0, line(3))]
    assert ready(held, HOLD / 2) == ([], held)
    shown, rest = ready(held, HOLD)
    assert shown == [line(1, "b"), line(2)]
    assert rest == [(1.0, line(3))]


def test_one_that_comes_late_is_shown_at_once_with_those_after_it():
    assert ready([(0.0, line(5)), (0.3, line(9))], 0.5) == ([line(5)], [(0.3, line(9))])


def test_it_ends_when_it_is_over():
    assert list(follow(list, lambda: True)) == []


def says(*lines: str) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({chr(10).join(lines)!r}, flush=True); import time; time.sleep(0.2)")


def test_all_programs_are_read_as_one_text_and_a_new_one_is_found():
    first = Source("a", says("2026-01-05T10:00:02.0Z two", "not a line of Docker's"), of_container)
    second = Source("b", says("2026-01-05T10:00:01.0Z one"), of_container)
    third = Source("c", says("2026-01-05T10:00:03.0Z three"), of_container)
    asked = []

    def sources():
        asked.append(len(asked))
        return [first, second] if len(asked) == 1 else [first, second, third]

    ticks = [0.0]

    def clock() -> float:
        ticks[0] += 0.02  # a hundred looks are two seconds
        return ticks[0]

    found = [f"{one.name} {one.words}" for one in islice(follow(sources, clock=clock), 3)]
    assert found == ["b one", "a two", "c three"], "a program that ended and was read again says nothing twice"
