# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in words, as people know it from Terraform. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

SIGNS = {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}
VERBS = {"create": "create", "update": "change", "replace": "replace", "delete": "delete"}


def plan_text(result: Mapping[str, Any]) -> str:
    """Return a line for each resource that changes, and below it a line for each field."""
    work = [step for step in result["plan"] if step["action"] in SIGNS]
    lines = [line for step in work for line in _step_lines(step)]
    lines += [line for step in result["plan"] if step["action"] == "keep" for line in _kept_lines(step)]
    return "\n".join([_summary(result["plan"]), *([""] if lines else []), *lines, "", _cost(result["monthly_cost"])])


def _summary(steps: list[Mapping[str, Any]]) -> str:
    counts = Counter(step["action"] for step in steps)
    same = [f"{counts['noop']} as declared"]
    cost = sum(step.get("monthly_cost") or 0.0 for step in steps if step["action"] == "keep")
    if counts["keep"]:
        same.append(f"{counts['keep']} kept" + (f" at {cost:.2f} USD a month" if cost else ""))
    words = [f"{counts[action]} to {verb}" for action, verb in VERBS.items() if counts[action]]
    if words:
        return f"Plan: {', '.join([*words, *same])}."
    return f"{'Nothing to change' if cost else 'Nothing to do'}: {', '.join(same)}."


def _step_lines(step: Mapping[str, Any]) -> list[str]:
    delta = step.get("monthly_cost_delta") or 0.0
    price = f"  ({delta:+.2f} USD a month)" if delta else ""
    head = f"{SIGNS[step['action']]:>3} {step['kind']} {step['name']}{price}"
    return [head, *(f"      {_change(change, step['action'])}" for change in step["changes"])]


def _kept_lines(step: Mapping[str, Any]) -> list[str]:
    cost = step.get("monthly_cost") or 0.0
    price = f"  ({cost:.2f} USD a month)" if cost else ""
    return [f"  ! {step['kind']} {step['name']}{price}", f"      stays: {step['reason']}"]


def _change(change: Mapping[str, Any], action: str) -> str:
    field, before, after = change["field"], change["before"], change["after"]
    if action == "create":
        return f"{field}: {_value(after)}"
    if action == "delete":
        return f"{field}: {_value(before)}"
    if isinstance(before, list) and isinstance(after, list):
        parts = [f"- {_value(item)}" for item in before if item not in after]
        parts += [f"+ {_value(item)}" for item in after if item not in before]
        return f"{field}: {'; '.join(parts) or 'another order'}"
    return f"{field}: {_value(before)} -> {_value(after)}"


def _value(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "none"
    if isinstance(value, list):
        return "; ".join(map(_value, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_value(item)}" for key, item in value.items())
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _cost(cost: Mapping[str, float]) -> str:
    before, after = cost["before"], cost["after"]
    return f"Monthly cost: {before:.2f} USD now, {after:.2f} USD then ({after - before:+.2f})."
