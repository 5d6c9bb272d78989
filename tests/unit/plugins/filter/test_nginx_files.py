# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.filter.nginx_files import FilterModule


def test_it_is_the_filter_of_that_name():
    with pytest.raises(KeyError, match="is_old"):
        FilterModule().filters()["nginx_files"]({}, "host", {"managed": "#"})
