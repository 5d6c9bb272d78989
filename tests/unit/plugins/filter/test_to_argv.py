# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.to_argv import FilterModule

to_argv = FilterModule().filters()["to_argv"]


def test_quoted_words_stay_together():
    assert to_argv('sh -c "echo one two"') == ["sh", "-c", "echo one two"]


def test_an_error_is_ansibles():
    with pytest.raises(AnsibleFilterError, match="to_argv: the command is empty"):
        to_argv("")
