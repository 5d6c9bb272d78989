# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._init.yaml_text import (
    block,
    comment,
    flow,
    line,
    scalar,
    untrusted,
)

VALUES = [
    "a",
    "a: b",
    "it's",
    "{{ x }}",
    "${X}",
    "yes",
    "12",
    "",
    " x",
    "#no",
    '"',
    "a\\b",
    "é",
    "@",
    "- a",
    "null",
    1,
    True,
]


@pytest.mark.parametrize("value", VALUES)
def test_every_value_comes_back(value):
    for given in (value, [value], {"k": value}, [{"k": [value]}]):
        assert yaml.safe_load(line("key", given, comment="said")) == {"key": given}


def test_long_things_stand_below_each_other():
    value = {"image": "x" * 100, "environment": {"A": "b" * 50}}
    lines = block("k", {"s": value})
    assert lines[:2] == ["k:", "  s:"]
    assert yaml.safe_load("\n".join(lines)) == {"k": {"s": value}}
    assert block("k", {}) == []


def test_quotes_are_double():
    assert line("a", "{{ x }}") == 'a: "{{ x }}"'
    assert line("a", ["${X}"]) == 'a: ["${X}"]'
    assert line("a", "${X}") == "a: ${X}"


def test_comments_are_broken():
    assert comment("one two") == ["# one two"]
    assert max(map(len, comment("word " * 100, 4))) <= 130


def test_numbers_of_an_example():
    assert [scalar(text) for text in ("12", "0", "012", "1.5", "x", "9" * 12)] == [12, 0, "012", "1.5", "x", "9" * 12]


def test_texts_of_others_are_no_templates():
    given = {"a": ["{{ x }}", {"b": "{% x %}"}, "plain", 1], "c": "{# x"}
    text = flow(untrusted(given))
    assert text == '{a: [!unsafe "{{ x }}", {b: !unsafe "{% x %}"}, plain, 1], c: !unsafe "{# x"}'
    assert yaml.safe_load(text.replace("!unsafe ", "")) == given
