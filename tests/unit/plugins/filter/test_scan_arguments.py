# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.scan_arguments import FilterModule


def test_an_error_is_the_users():
    with pytest.raises(AnsibleFilterError, match="scan_arguments: 'name'"):
        FilterModule().filters()["scan_arguments"]([{}], "localhost")
