# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.docker_problems import FilterModule


def test_it_is_the_filter_of_that_name():
    docker_problems = FilterModule().filters()["docker_problems"]
    assert docker_problems({"icc": False}, {}) == []
    assert "must be true or false" in docker_problems({"icc": "no"}, {}, {})[0]
