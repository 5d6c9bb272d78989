# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that plan.yml saves: docs/plan.md has its schema, and a damaged one is told in our words."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.saved_plan import SCHEMA, VERSION, problem
from jsonschema import Draft202012Validator

DOCUMENT = Path(__file__).resolve().parents[5] / "docs" / "plan.md"
STEP = {
    "action": "update",
    "kind": "vpc",
    "name": "shop-staging-vpc",
    "changes": [{"field": "description", "before": None, "after": "x"}],
    "monthly_cost": 0.0,
    "monthly_cost_delta": 0,
    "reason": "",
    "notes": [],
}
PLAN = {
    "version": VERSION,
    "project": "shop",
    "environment": "staging",
    "made": "2026-11-29T10:00:00Z",
    "flags": {
        "target": ["droplet.app"],
        "allow_open_ssh": False,
        "allow_resize": True,
        "allow_replace": [],
        "replace": [],
        "prune": False,
        "delete_data": False,
    },
    "fingerprint": "5f0c7c3a9f6a4a2b",
    "monthly_cost": {"before": 0.0, "after": 24.0},
    "plan": [STEP],
    "left_out": [{"action": "create", "kind": "droplet", "name": "shop-staging-db"}],
}


def documented() -> dict[str, Any]:
    (block,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.S)
    return json.loads(block)


def test_the_document_shows_the_schema_that_is_checked():
    assert documented() == SCHEMA
    Draft202012Validator.check_schema(SCHEMA)


def test_a_whole_plan_has_no_problem():
    assert problem(json.dumps(PLAN), "plan.json") == problem(json.dumps(PLAN), "plan.json", "shop-staging") == ""
    assert problem(json.dumps({**PLAN, "more": 1}), "plan.json") == "", "a field may be added to a version"


def changed(**changes: Any) -> dict[str, Any]:
    return {**PLAN, **changes}


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        ("", "it is not JSON"),
        ('{"plan": [', "it is not JSON"),
        ([1], "JSON of something else"),
        ({"a": 1}, "JSON of something else"),
        ({"plan": []}, "has no version, and this collection reads version 1"),
        (changed(version=2), "has version 2, and this"),
        (changed(version=True), "has version True, and this"),
        ({k: v for k, v in PLAN.items() if k != "fingerprint"}, "damaged plan: fingerprint is missing"),
        (changed(plan={}), "plan is not of the type array"),
        (changed(plan=[{**STEP, "action": "explode"}]), "plan[0].action is 'explode' and not one of create"),
        (changed(plan=[STEP, {**STEP, "changes": [{"field": "x"}]}]), "plan[1].changes[0].before is missing"),
        (changed(flags={**PLAN["flags"], "prune": "yes"}), "flags.prune is not of the type boolean"),
        (changed(monthly_cost={"before": True, "after": 0}), "monthly_cost.before is not of the type number"),
        (changed(environment="moon"), "environment is 'moon' and not one of production, staging, dev"),
    ],
)
def test_a_damaged_one_is_told_with_the_cure(saved, told):
    text = saved if isinstance(saved, str) else json.dumps(saved)
    said = problem(text, "plan.json")
    assert said.startswith("plan.json ")
    assert told in said
    assert said.endswith("Make it anew: playbooks/plan.yml -e plan_file=plan.json.")
    if isinstance(saved, dict):
        assert not Draft202012Validator(SCHEMA).is_valid(saved), "both judges agree"


def test_a_plan_of_another_environment_is_refused_where_it_would_be_carried_out():
    said = problem(json.dumps(PLAN), "plan.json", "shop-production")
    assert said == (
        "plan.json is a plan of shop-staging, and this inventory declares shop-production. Nothing was written."
    )
