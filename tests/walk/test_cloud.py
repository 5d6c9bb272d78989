# SPDX-License-Identifier: GPL-3.0-or-later
"""The short walk: a few fixed seeds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.walk.cloud import GROUND
from tests.walk.walk import walk


@pytest.mark.parametrize("seed", [1, 2])
def test_a_walk_with_a_fixed_seed(seed):
    outcome = walk(replace(GROUND, walks=4), seed)
    assert not outcome.failure, outcome.failure
    assert outcome.steps > 20
