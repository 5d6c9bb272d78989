# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import (
    CREATE,
    DELETE,
    KEEP,
    REPLACE,
    UPDATE,
    Change,
    Problems,
    Step,
    changed,
    created,
    diff,
)


def test_created_lists_every_field():
    assert created({"size": "small"}) == (Change("size", None, "small"),)


def test_changed_lists_only_what_differs():
    before = {"description": "old", "name": "x", "extra": 1}
    assert changed(before, {"description": "new", "name": "x"}) == (Change("description", "old", "new"),)


def test_a_step_is_shown_without_how_it_is_done():
    step = Step(UPDATE, "vpc", "v", (Change("description", "", "x"),), apply=print, cost_before=6.0, cost_after=7.2)
    assert step.show() == {
        "action": "update",
        "kind": "vpc",
        "name": "v",
        "changes": [{"field": "description", "before": "", "after": "x"}],
        "monthly_cost": 7.2,
        "monthly_cost_delta": 1.2,
        "reason": "",
        "notes": [],
    }


def test_what_stays_costs_what_it_did():
    step = Step(DELETE, "volume", "v", (Change("size", 10, None),), print, cost_before=1.0).keep("it may hold data.")
    assert step == Step(KEEP, "volume", "v", cost_before=1.0, cost_after=1.0, reason="it may hold data.")
    assert step.apply is None


def test_diff_has_both_sides_of_every_change():
    steps = [
        Step(CREATE, "vpc", "v", created({"region": "fra1"})),
        Step(UPDATE, "firewall", "f", (Change("tags", [], ["t"]),)),
        Step(REPLACE, "droplet", "d", (Change("image", "a", "b"),)),
        Step(DELETE, "tag", "t"),
    ]
    assert diff(steps) == {
        "before": {"firewall f": {"tags": []}, "droplet d": {"image": "a"}, "tag t": "present"},
        "after": {"vpc v": {"region": "fra1"}, "firewall f": {"tags": ["t"]}, "droplet d": {"image": "b"}},
    }
    assert diff([]) == {"before": {}, "after": {}}


def test_problems_are_one_message():
    assert str(Problems(["a: wrong.", "b: wrong."])) == "a: wrong.\nb: wrong."
