# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import sql


@pytest.mark.parametrize(("text", "wanted"), [("a", "'a'"), ("it's", "'it''s'"), ("a\\b", "E'a\\\\b'")])
def test_a_literal_cannot_end_early(text, wanted):
    assert sql.literal(text) == wanted


def test_a_name_cannot_end_early():
    assert sql.quoted('a"b') == '"a""b"'
