"""The short walk of hosts: fixed seeds, on the walk's droplet in the sandbox."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.walk.hosts import GROUND
from tests.walk.walk import walk


@pytest.mark.parametrize("seed", [201])
def test_a_walk_with_a_fixed_seed(seed):
    outcome = walk(replace(GROUND, walks=2, steps=6), seed)
    assert not outcome.failure, outcome.failure
    assert outcome.steps > 0
