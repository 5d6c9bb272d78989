# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.base_problems import FilterModule
from ansible_collections.izzzi.infra.plugins.module_utils._host.base import problems


def test_it_is_the_filter_of_that_name():
    assert FilterModule().filters() == {"base_problems": problems}
