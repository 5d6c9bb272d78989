# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds a lock, and when it is over."""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment_lock import (
    LEASE,
    Holder,
    is_alive,
    read,
    seconds,
    this_process,
)

NOW = seconds("2026-01-05T10:00:00Z")
EVA = Holder("eva (ops) on call@laptop", 4711, "4f2a-1", "r1", NOW + LEASE)


def row(description: str) -> dict[str, str]:
    return {"description": description, "created_at": "2026-01-05T10:00:00Z"}


def test_a_description_says_who_and_until_when():
    assert read(row(EVA.text())) == EVA
    assert "eva (ops) on call@laptop (process 4711 " in EVA.text()
    assert "until 2026-01-05T10:03:00Z" in EVA.text()


def test_the_longest_description_fits_into_a_project():
    longest = replace(this_process(NOW), owner="x" * 80, pid=4194304, place="ffffffff-4026531836")
    assert len(longest.text()) <= 255


@pytest.mark.parametrize("text", ["", "mine", EVA.text().replace("process", "the process")])
def test_a_description_of_somebody_else_counts_from_the_creation(text):
    holder = read(row(text))
    assert (holder.owner, holder.until) == ("somebody", NOW + LEASE)


@pytest.fixture(scope="module")
def dead() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_lock_is_over_with_its_lease_or_with_its_process(dead):
    here = this_process(NOW)
    assert not here.is_over(NOW, here)
    assert here.is_over(NOW + LEASE + 1, here)
    assert replace(here, pid=dead).is_over(NOW, here)
    assert not replace(here, pid=dead, place="elsewhere").is_over(NOW, here), "the same number on another machine"
    assert not replace(here, pid=1).is_over(NOW, here), "alive, and perhaps somebody else's"


def test_a_process_is_alive_until_it_is_not(dead):
    assert is_alive(os.getpid())
    assert not is_alive(dead)
