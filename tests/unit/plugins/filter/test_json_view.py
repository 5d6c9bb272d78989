# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.izzzi.infra.plugins.filter.json_view import json_view
from ansible_collections.izzzi.infra.plugins.module_utils._app.usage import usage_problem

DATA = {"live": None, "releases": [{"id": "r2", "state": "live"}, {"id": "r1", "state": "café"}]}
USAGE = "releases.yml [-e jmespath=EXPRESSION]"


def test_all_is_shown_without_an_expression():
    assert json.loads(json_view(DATA)) == DATA
    assert "café" in json_view(DATA)


def test_an_expression_finds_a_part():
    assert json.loads(json_view(DATA, "releases[?state=='live'].id | [0]")) == "r2"
    assert json_view(DATA, "nothing.there") == "null"


@pytest.mark.parametrize(
    ("expression", "where"),
    [("releases[", "it breaks off at its end"), ("releases[].id]", "look at ']'"), ("a.#b", "look at '#b'")],
)
def test_an_expression_that_is_none_is_refused_before_anything_is_asked(expression, where):
    problem = usage_problem({"jmespath": expression}, USAGE)
    said = f"jmespath is {expression!r}, which is no JMESPath expression: {where}"
    assert problem == f"releases.yml: {said}. Usage: ansible-playbook playbooks/{USAGE}"
    with pytest.raises(AnsibleFilterError, match="jmespath is"):
        json_view(DATA, expression)


def test_an_expression_that_does_not_fit_says_so():
    with pytest.raises(AnsibleFilterError, match=r"jmespath 'length\(live\)' does not fit what is there"):
        json_view(DATA, "length(live)")
    assert usage_problem({"jmespath": "length(live)"}, USAGE) == ""
