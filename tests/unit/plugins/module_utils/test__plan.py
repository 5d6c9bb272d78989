from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._plan import (
    CREATE,
    DELETE,
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
    step = Step(UPDATE, "vpc", "v", (Change("description", "", "x"),), apply=print)
    assert step.show() == {
        "action": "update",
        "kind": "vpc",
        "name": "v",
        "changes": [{"field": "description", "before": "", "after": "x"}],
    }


def test_diff_has_both_sides_of_every_change():
    steps = [
        Step(CREATE, "vpc", "v", created({"region": "fra1"})),
        Step(UPDATE, "firewall", "f", (Change("tags", [], ["t"]),)),
        Step(DELETE, "tag", "t"),
    ]
    assert diff(steps) == {
        "before": {"firewall f": {"tags": []}, "tag t": "present"},
        "after": {"vpc v": {"region": "fra1"}, "firewall f": {"tags": ["t"]}},
    }
    assert diff([]) == {"before": {}, "after": {}}


def test_problems_are_one_message():
    assert str(Problems(["a: wrong.", "b: wrong."])) == "a: wrong.\nb: wrong."
