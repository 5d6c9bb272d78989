# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.izzzi.infra.plugins.filter import plan_text as module
from ansible_collections.izzzi.infra.plugins.filter.plan_text import FilterModule

plan_text = FilterModule().filters()["plan_text"]


def test_the_modules_result_becomes_text():
    assert plan_text({"plan": [], "monthly_cost": {"before": 0, "after": 0}}).startswith("Nothing to do")


@pytest.mark.parametrize("value", [None, "text", {}, {"plan": []}])
def test_anything_else_is_an_error(value):
    with pytest.raises(AnsibleFilterError, match=r"izzzi\.infra\.environment"):
        plan_text(value)


def widest(**changes) -> int:
    step = {"action": "create", "kind": "k", "name": "n", "notes": [], **changes}
    step["changes"] = [{"field": "f", "before": None, "after": "w " * 500}]
    return max(map(len, plan_text({"plan": [step], "monthly_cost": {"before": 0, "after": 0}}).splitlines()))


@pytest.mark.parametrize(
    ("columns", "display", "is_there", "room"),
    [
        ("", 79, False, 120),  # a pipe, CI
        ("", 79, True, 76),
        ("", 199, False, 196),  # a worker's own output is no terminal
        ("90", 199, True, 86),
        ("wide", 79, False, 120),
    ],
)
def test_a_plan_is_as_wide_as_the_terminal(monkeypatch, columns, display, is_there, room):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(Display(), "columns", display)
    monkeypatch.setattr(module, "is_terminal", lambda path: is_there)
    assert room - 2 < widest() <= room


def test_what_is_no_terminal_is_none(tmp_path):
    (tmp_path / "pipe").symlink_to("pipe:[1]")
    (tmp_path / "terminal").symlink_to("/dev/pts/1")
    names = ("pipe", "terminal", "missing")
    assert [module.is_terminal(str(tmp_path / name)) for name in names] == [False, True, False]
