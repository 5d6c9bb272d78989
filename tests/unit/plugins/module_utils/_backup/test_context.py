# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config
from ansible_collections.izzzi.infra.plugins.module_utils._backup.context import make

ONE, TWO = Database("postgres", "one", "u"), Database("postgres", "two", "u")


def test_the_only_database_needs_no_name():
    assert make(Config("shop", "/r", (ONE,)), {}).database() == ONE
    assert make(Config("shop", "/r", (ONE, TWO)), {}).database("two") == TWO


@pytest.mark.parametrize("name", ["", "three"])
def test_which_of_several_must_be_said(name):
    with pytest.raises(BackupError, match="one, two"):
        make(Config("shop", "/r", (ONE, TWO)), {}).database(name)
