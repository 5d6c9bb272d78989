# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import room
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import MIB, BackupError


@pytest.mark.parametrize(
    ("needs", "reserve", "short"),
    [
        ([(1, "/a", 5 * MIB)], 0, False),
        ([(1, "/a", 5 * MIB)], 6 * MIB, True),
        ([(1, "/a", 6 * MIB), (1, "/b", 6 * MIB)], 0, True),
        ([(1, "/a", 6 * MIB), (2, "/b", 6 * MIB)], 0, False),
    ],
)
def test_needs_of_one_disk_add_up(needs, reserve, short):
    assert bool(room.shortages(needs, {1: 10 * MIB, 2: 10 * MIB}, reserve)) is short


def test_a_shortage_names_place_and_sizes(tmp_path):
    with pytest.raises(BackupError, match=rf"no room for a drill. {tmp_path}/x/y: .* MiB are free"):
        room.require({Path(tmp_path) / "x/y": 2**60}, 0, "a drill")
