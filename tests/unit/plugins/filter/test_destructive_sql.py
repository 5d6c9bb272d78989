# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.destructive_sql import destructive_sql


def test_findings_are_texts():
    assert destructive_sql("DROP TABLE a;") == ["line 1 drops a table: DROP TABLE a"]


def test_only_text_is_sql():
    with pytest.raises(AnsibleFilterError, match="it needs text, not dict"):
        destructive_sql({})
