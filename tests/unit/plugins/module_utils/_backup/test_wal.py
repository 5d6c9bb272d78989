# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import wal
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import MIB, Config

CONFIG = Config("shop", "/r", reserve=100, wal_spool=64)


@pytest.mark.parametrize(
    ("spool", "free", "told"),
    [(64, 500, ""), (65, 500, "65 MiB of WAL wait"), (16, 99, "99 MiB of the disk are free"), (0, 99, "")],
)
def test_when_archiving_gives_way(spool, free, told):
    found = wal.too_much(spool * MIB, free * MIB, CONFIG)
    assert told in found
    assert bool(found) == bool(told)
