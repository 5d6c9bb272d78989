# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.docker_effect import FilterModule


def test_it_is_the_filter_of_that_name():
    assert FilterModule().filters()["docker_effect"]({"debug": True}, {"DAEMON_JSON": "{}"}) == "reload"
