# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.until import until

from tests.unit.plugins.module_utils._app.still_time import Time


@pytest.mark.parametrize(
    ("found", "in_a_row", "rest", "result", "seconds"),
    [
        (["a", "b", ""], 1, 0, "", 2.0),
        (["", "a", "", ""], 2, 0, "", 1.0),  # no pause after what is well
        (["", "a", "", ""], 2, 0.5, "", 2.0),
        (["a"] * 9, 1, 0, "a", 3.0),
        ([[1], [2], []], 1, 0, [], 2.0),
    ],
)
def test_one_wait_for_all(found, in_a_row, rest, result, seconds):
    time, script = Time(), iter(found)
    given = {"timeout": 4, "interval": 1.0, "clock": lambda: time.now, "sleep": time.sleep}
    assert until(lambda: next(script), in_a_row=in_a_row, rest=rest, **given) == result
    assert time.now - 100 == seconds
