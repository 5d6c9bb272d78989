# SPDX-License-Identifier: GPL-3.0-or-later
"""The short walk of releases: fixed seeds, on the walk's droplet in the sandbox."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.walk.compose import GROUND
from tests.walk.walk import walk


@pytest.mark.parametrize("seed", [103])
def test_a_walk_with_a_fixed_seed(seed):
    outcome = walk(replace(GROUND, walks=2, steps=6), seed)
    assert not outcome.failure, outcome.failure
    assert outcome.steps > 0
