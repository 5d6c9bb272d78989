# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.account import read, together


def test_together_keeps_the_order_and_runs_side_by_side():
    barrier = threading.Barrier(3, timeout=60)  # passes only when all three are in it at once

    def call(value: int) -> int:
        barrier.wait()
        return value

    assert together([lambda n=n: call(n) for n in range(3)]) == [0, 1, 2]
    assert together([]) == []


def test_together_ends_all_before_it_raises():
    ended = []

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        together([fail, lambda: ended.append("second")])
    assert ended == ["second"]


def test_listings_are_read_by_name():
    assert read({"vpcs": lambda: [1], "tags": list}) == {"vpcs": [1], "tags": []}
    assert read({}) == {}
