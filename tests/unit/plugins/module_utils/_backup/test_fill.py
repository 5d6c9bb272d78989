# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import fill


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("restic dump ... exited with 1:\nciphertext verification failed", "cannot be read.*damaged"),
        ("docker exec ... exited with 1:\npg_restore: error: no", "cannot be restored.*"),
    ],
)
def test_the_cause_of_a_failure_is_told(said, told):
    import re

    assert re.search(told, fill.explain(said, SimpleNamespace(label="backup a")), re.DOTALL)
