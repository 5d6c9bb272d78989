# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._edge.text import mapping, text, variable


def test_blocks_are_indented_and_own_lines_too():
    assert text(["a;", ("b", ["c;", ("d", ["e {\n  f;\n}\n"])])]) == (
        "a;\nb {\n    c;\n    d {\n        e {\n          f;\n        }\n    }\n}\n"
    )


def test_a_map_has_its_default_and_its_values():
    assert mapping("$a", "b", "0", {"x": 1}, kind="geo") == ("geo $a $b", ["default 0;", "x 1;"])


def test_a_name_becomes_one_of_a_variable():
    assert variable("my-shop") == "my_shop"
