# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.reading import zone_paths


def test_records_are_read_of_domains_that_could_be_meant():
    rows = [
        {"name": "shop.test", "zone_file": "@ IN A 203.0.113.7"},
        {"name": "b.test", "zone_file": "@ IN A 192.0.2.1"},
        {"name": "new.test", "zone_file": None},
    ]
    assert list(zone_paths(rows, ["203.0.113.7"], "")) == ["shop.test", "new.test"]
    assert zone_paths(rows, ["203.0.113.7"], "www.b.test") == {"b.test": "/domains/b.test/records"}
    assert zone_paths(rows, [], "") == {"new.test": "/domains/new.test/records"}
