# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible_collections.izzzi.infra.plugins.module_utils._backup import volumes


def test_places_are_read_and_nothing_is_asked_without_names():
    assert volumes.places('[{"Name": "a", "Mountpoint": "/v/a/_data"}]') == {"a": Path("/v/a/_data")}
    assert volumes.find([]) == {}
