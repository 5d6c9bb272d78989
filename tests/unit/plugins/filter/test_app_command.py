# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.app_command import FilterModule
from ansible_collections.izzzi.infra.plugins.modules.host_change import ARGUMENT_SPEC


def test_it_gives_what_host_change_takes():
    found = FilterModule().filters()["app_command"]({"app": "shop", "runner": "swarm", "params": {}, "hidden": []})
    assert set(found) <= set(ARGUMENT_SPEC)
    (timers,) = found.pop("apply").values()
    assert set(timers) == {"command", "check"}
    for name, items in found.items():
        assert items
        assert all(set(item) <= set(ARGUMENT_SPEC[name]["options"]) for item in items)
