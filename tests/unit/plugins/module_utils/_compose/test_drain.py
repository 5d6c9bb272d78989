# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._compose.drain import Drained, count_connections, drain

LISTING = """\
0      0      127.0.0.1:40000   127.0.0.1:20000
0      0      127.0.0.1:20000   127.0.0.1:40000
0      0      127.0.0.1:40001   127.0.0.1:20100
0      0          [::1]:40002       [::1]:20001
"""


def test_each_connection_counts_once():
    assert count_connections(LISTING, [20000, 20001]) == 2


def run(counts: list[int], deadline: float) -> Drained:
    now = [0.0]
    left = iter(counts)
    return drain(
        lambda: next(left),
        deadline=deadline,
        interval=1.0,
        clock=lambda: now[0],
        sleep=lambda seconds: now.__setitem__(0, now[0] + seconds),
    )


def test_it_ends_with_the_last_connection():
    assert run([3, 1, 0], deadline=30) == Drained(2.0, 0)


def test_at_the_deadline_the_rest_is_cut_and_counted():
    assert run([3, 2, 2, 2, 2], deadline=3) == Drained(3.0, 2)
