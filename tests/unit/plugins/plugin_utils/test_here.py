# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import datetime
import os
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.plugin_utils import here

SPEC = {"name": {"type": "str", "required": True}, "count": {"type": "int", "default": 1}, "key": {"no_log": True}}


def module(run: Any) -> SimpleNamespace:
    return SimpleNamespace(ARGUMENT_SPEC=SPEC, run=run, __name__="ansible_collections.izzzi.infra.plugins.modules.one")


def told(run: Any, **given: Any) -> dict[str, Any]:
    return here.run_here(module(run), {"name": "x", **given}, check=True, diff=False, verbosity=0)


def test_a_result_is_as_a_modules():
    def run(module):
        module.warn("careful")
        module.exit_json(seen=[module.params["count"] + 1, module.check_mode, module._diff])

    assert told(run, count="2") == {"changed": False, "seen": [3, True, False], "warnings": ["careful"]}


def test_a_failure_says_what_it_changed():
    result = told(lambda module: module.fail_json(msg="no", changed=True))
    assert result == {"changed": True, "failed": True, "msg": "no"}


def test_a_secret_is_in_no_result():
    result = told(lambda module: module.fail_json(msg=f"refused: {module.params['key']}"), key="hidden-word")
    assert "hidden-word" not in str(result)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"count": "many"}, "'count' is of type str and we were unable to convert to int"),
        ({"nmae": "x"}, "Unsupported parameters: nmae. Supported parameters include: count, key, name."),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_done(given, words):
    result = told(lambda module: pytest.fail("it ran"), **given)
    assert result["failed"]
    assert words in result["msg"]


def action(**changes: Any) -> SimpleNamespace:
    task = {"async_val": 0, "environment": [], "check_mode": False, "diff": True} | changes.pop("task", {})
    connection = {"transport": "local", "become": None} | changes.pop("connection", {})
    return SimpleNamespace(_task=SimpleNamespace(**task), _connection=SimpleNamespace(**connection), **changes)


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"connection": {"transport": "ssh"}},
        {"connection": {"become": object()}},
        {"task": {"async_val": 60}},
        {"task": {"environment": [{"HTTPS_PROXY": "http://proxy"}]}},
    ],
    ids=["another host", "another user", "in the background", "another environment"],
)
def test_what_is_not_of_this_process_is_left_to_ansible(elsewhere):
    asked = []
    there = action(_execute_module=lambda **given: asked.append(given) or {"changed": True}, **elsewhere)
    assert here.run_module(there, module(None), {"name": "x"}, {"v": 1}) == {"changed": True}
    assert asked == [{"module_name": "izzzi.infra.one", "module_args": {"name": "x"}, "task_vars": {"v": 1}}]


def test_macos_is_left_to_ansible(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not here.is_here(action())


def test_arguments_arrive_as_in_another_process(monkeypatch):
    """A day that YAML has read is a text there, and what Ansible notes at texts is gone."""

    class Noted(str):
        pass

    def run(module):
        module.exit_json(name=module.params["name"], kind=type(module.params["key"]).__name__, process=os.getpid())

    given = {"name": datetime.date(2026, 12, 1), "key": Noted("k")}
    result = here.run_module(action(), module(run), given, {})
    assert (result["name"], result["kind"], result["process"]) == ("2026-12-01", "str", os.getpid())
