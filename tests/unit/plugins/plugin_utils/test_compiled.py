# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import jinja2
import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.izzzi.infra.plugins.plugin_utils.compiled import EXPRESSION, TEMPLATE, Codes, keep_code


class Counted:
    """Counts what Jinja compiles."""

    def __init__(self):
        self.number = 0

    def __call__(self, compile_all):
        def compile_one(*arguments, **more):
            self.number += 1
            return compile_all(*arguments, **more)

        return compile_one


@pytest.fixture
def codes(monkeypatch):
    """Codes that are kept, and the number of compilations, until the test ends."""
    counted = Counted()
    for name in ("compile", "compile_expression"):  # put back at the end
        monkeypatch.setattr(jinja2.Environment, name, getattr(jinja2.Environment, name))
    monkeypatch.setattr(jinja2.Environment, "_generate", counted(jinja2.Environment._generate))
    found = Codes()
    keep_code(found)
    return found, counted


def render(text: str, **variables):
    return Templar(DataLoader(), variables).template(trust_as_template(text))


def holds(text: str, **variables):
    return Templar(DataLoader(), variables).evaluate_conditional(trust_as_template(text))


def in_child(act) -> None:
    """Do something in a process of its own."""
    if not (child := os.fork()):
        act()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_a_template_is_compiled_once_and_says_the_same(codes):
    assert [render("{{ a }} and {{ [a] }}", a=n) for n in (1, "x")] == ["1 and [1]", "x and ['x']"]
    assert codes[1].number == 1


def test_an_expression_is_compiled_once_and_finds_the_same(codes):
    assert [holds("a is defined and a > 1", a=n) for n in (1, 2)] == [False, True]
    assert codes[1].number == 1


def test_an_expression_is_not_taken_for_a_template_of_the_same_text(codes):
    assert holds("a", a=True) is True
    assert render("a", a=True) == "a"


def test_whoever_reads_delimiters_otherwise_gets_other_code(codes):
    assert render("{{ a }}[[ a ]]", a=1) == "1[[ a ]]"
    assert render("#jinja2:variable_start_string:'[[',variable_end_string:']]'\n{{ a }}[[ a ]]", a=1) == "{{ a }}1"


def test_errors_are_those_of_before(codes):
    for _again in range(2):
        with pytest.raises(AnsibleError, match="'b' is undefined"):
            render("{{ b }}")
        with pytest.raises(AnsibleError, match="Syntax error"):
            render("{{ b")
        with pytest.raises(AnsibleError, match="'b' is undefined"):
            holds("b == 1")


def test_a_backslash_is_read_as_whoever_asks_wants(codes):
    text = trust_as_template("{{ 'a\\n' }}")
    templar = Templar(DataLoader(), {})
    read = [templar.template(text, escape_backslashes=escaped) for escaped in (True, False, True)]
    assert read == ["a\\n", "a\n", "a\\n"]


def test_other_environments_than_ansibles_are_left_alone(codes):
    assert jinja2.Environment().from_string("{{ a }}").render(a=1) == "1"
    assert jinja2.Environment().from_string("{{ a }}").render(a=1) == "1"
    assert codes[1].number == 2


def test_what_a_child_has_compiled_its_parent_has(codes):
    kept, counted = codes
    in_child(lambda: (render("{{ a * 2 }}", a=1), holds("a == 7", a=1)))
    kept.learn()
    assert render("{{ a * 2 }}", a=4) == 8
    assert holds("a == 7", a=7) is True
    assert counted.number == 0


def test_half_a_record_waits_until_it_is_whole():
    writer, code = Codes(), compile("1", "<test>", "eval")
    writer.add((TEMPLATE, "a"), code)
    whole = os.pread(writer._file.fileno(), 10_000, 0)
    reader = Codes()
    reader._file.write(whole[:-1])
    reader.learn()
    assert reader.get((TEMPLATE, "a")) is None
    reader._file.write(whole[-1:])
    reader.learn()
    assert eval(reader.get((TEMPLATE, "a"))) == 1
    assert reader.get((EXPRESSION, "a")) is None
    assert reader.get(None) is None
