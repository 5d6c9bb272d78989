# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.secret_problems import secret_problems


def test_it_names_what_is_weak_and_never_repeats_it():
    assert secret_problems({"JWT_SECRET": "CHANGE_ME_PLEASE", "PORT": 4000}) == {"JWT_SECRET": "is a placeholder"}


def test_only_dictionaries_have_names():
    with pytest.raises(AnsibleFilterError, match="it needs a dictionary, not list"):
        secret_problems([])
