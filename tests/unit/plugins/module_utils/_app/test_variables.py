# SPDX-License-Identifier: GPL-3.0-or-later
"""What Compose 2.26 made of each text is written down here; tests/e2e asks a real one about hundreds more."""

from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.variables import (
    VariableError,
    filled,
    in_order,
    interpolate,
    missing,
    names,
    problems,
)

VALUES = {"A": 1, "B": "", "YES": True, "NOTHING": None}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("100% a $5 $", "100% a $5 $"),
        ("${A}-$A", "1-1"),
        ("$$A $${A} $$$A", "$A ${A} $1"),
        ("${YES}", "true"),
        ("${C:-x}${B:-y}${A:-z}", "xy1"),
        ("${C-x}${B-y}${A-z}", "x1"),
        ("${NOTHING-x}", "x"),
        ("${A:+x}${B:+y}${C:+z}", "x"),
        ("${A+x}${B+y}${C+z}", "xy"),
        ("${A:?no}${A?no}${B?no}", "11"),
        ("${C:-a ${B:-b ${A}} $$}", "a b 1 $"),
        ("${C:-}${C-}", ""),
        ("${C:-{a}}", "{a}"),
        ("{a} } {", "{a} } {"),
    ],
)
def test_texts_mean_what_compose_makes_of_them(text, result):
    assert interpolate(text, VALUES) == result


@pytest.mark.parametrize("text", ["${", "${}", "${5}", "${A", "${A:-", "${A:-${B}", "${A b}", "${A:=b}", "${C:-{a}"])
def test_what_begins_no_variable_is_refused(text):
    with pytest.raises(VariableError, match=r"without a name|without its \}"):
        interpolate(text, VALUES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${C} $D", {"C": "", "D": ""}),
        ("${C:?say ${A}}", {"C": "say 1"}),
        ("${B:?}", {"B": ""}),
        ("${C:-${D}}", {"D": ""}),
        ("${A:-${D}}", {}),
        ("${A:-${D:?asked for also where the word is not used}}", {"D": "asked for also where the word is not used"}),
        ("${C:-x} $$C", {}),
    ],
)
def test_what_must_be_defined_and_is_not_is_found(text, found):
    assert missing(text, VALUES) == found
    if found:
        with pytest.raises(VariableError, match="is not defined"):
            interpolate(text, VALUES)


def test_structures_keep_their_keys_and_what_is_no_text():
    given = {"$A": ["$A", 3, True, None], "b": {"c": "$$"}}
    assert interpolate(given, VALUES) == {"$A": ["1", 3, True, None], "b": {"c": "$"}}


def test_names_are_found_wherever_they_stand():
    assert names({"a": ["$X", "$$Y"], "b": "${Z:-${W}}", "c": 3, "d": "${not one"}) == {"X", "Z", "W"}


def test_problems_have_their_place():
    assert problems({"command": ["x", "$C"], "user": "${"}, VALUES, "services.web", "app_env") == [
        "services.web.command[1] needs ${C}, and nothing defines it: app_env.",
        "services.web.user: '${' has a ${ without a name. A dollar sign itself is written $$.",
    ]


def test_a_text_with_no_more_than_some_values():
    assert filled("a${B:-c}$D ${E:+f} ${G:?must} $$", {}) == "ac   $"
    assert filled("${A:-${B:-c}} $D", {"B": "b", "D": 1}) == "b 1"
    assert filled("${PATH#*:} ${A", {"A": "a"}) == "${PATH#*:} ${A"


def test_names_in_the_order_in_which_they_stand():
    assert in_order("$$A ${B:-$C ${D:?x}} $E $B") == ["B", "C", "D", "E"]
    assert in_order("$A ${B") == []
