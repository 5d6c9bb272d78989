# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.openpgp_fingerprints import FilterModule


def test_what_is_no_key_is_refused():
    with pytest.raises(AnsibleFilterError, match="no usable key"):
        FilterModule().filters()["openpgp_fingerprints"]("<html>")
