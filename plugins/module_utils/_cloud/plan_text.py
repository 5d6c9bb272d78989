# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in words, as people know it from Terraform. Pure."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Mapping
from typing import Any

SIGNS = {"create": "+", "update": "~", "replace": "-/+", "delete": "-"}
VERBS = {"create": "create", "update": "change", "replace": "replace", "delete": "delete"}
WIDTH = 120  # where there is no terminal
NARROWEST = 40
FIELD = " " * 6  # before a field, below the name of its resource


def plan_text(result: Mapping[str, Any], width: int = WIDTH) -> str:
    """Return a line for each resource that changes, and below it a line for each field. No line is longer than `width`
    characters."""
    width = max(width, NARROWEST)
    work = [step for step in result["plan"] if step["action"] in SIGNS]
    lines = [line for step in work for line in _step_lines(step, width)]
    lines += [line for step in result["plan"] if step["action"] == "keep" for line in _kept_lines(step, width)]
    head = [line for text in (_origin(result), _summary(result["plan"])) if text for line in _wrapped(text, "", width)]
    left = _left_out(result.get("left_out") or [], width)
    return "\n".join(
        [*head, *([""] if lines else []), *lines, *left, "", f"Monthly cost: {cost_text(result['monthly_cost'])}."]
    )


def _origin(result: Mapping[str, Any]) -> str:
    """Return what a saved plan says of itself; empty for one that was just made."""
    if "version" not in result:
        return ""
    flags = ", ".join(f"{name}={_value(value)}" for name, value in result["flags"].items() if value)
    made = f"{result['project']}-{result['environment']}, made {result['made']}"
    return f"Saved plan of {made}{f', with {flags}' if flags else ''}, fingerprint {result['fingerprint']}."


def _summary(steps: list[Mapping[str, Any]]) -> str:
    counts = Counter(step["action"] for step in steps)
    same = [f"{counts['noop']} as declared"]
    cost = sum(step.get("monthly_cost") or 0.0 for step in steps if step["action"] == "keep")
    if counts["keep"]:
        same.append(f"{counts['keep']} kept" + (f" at {cost:.2f} USD a month" if cost else ""))
    if words := counts_text(counts):
        return f"Plan: {', '.join([words, *same])}."
    return f"{'Nothing to change' if cost else 'Nothing to do'}: {', '.join(same)}."


def counts_text(counts: Mapping[str, int]) -> str:
    """Say how many resources are to be made, changed, replaced and deleted; empty when none is."""
    return ", ".join(f"{counts[action]} to {verb}" for action, verb in VERBS.items() if counts[action])


def _step_lines(step: Mapping[str, Any], width: int) -> list[str]:
    delta = step.get("monthly_cost_delta") or 0.0
    price = f"  ({delta:+.2f} USD a month)" if delta else ""
    lines = _wrapped(f"{SIGNS[step['action']]:>3} {step['kind']} {step['name']}{price}", "", width)
    for change in step["changes"]:
        lines += _field_lines(change["field"], _parts(change, step["action"]), width)
    return lines + [line for note in step.get("notes") or () for line in _wrapped(note, FIELD, width)]


def _kept_lines(step: Mapping[str, Any], width: int) -> list[str]:
    cost = step.get("monthly_cost") or 0.0
    price = f"  ({cost:.2f} USD a month)" if cost else ""
    head = _wrapped(f"  ! {step['kind']} {step['name']}{price}", "", width)
    return head + _wrapped(f"stays: {step['reason']}", FIELD, width)


def _left_out(steps: list[Mapping[str, Any]], width: int) -> list[str]:
    if not steps:
        return []
    words = "; ".join(f"{SIGNS[step['action']]} {step['kind']} {step['name']}" for step in steps)
    return ["", *_wrapped(f"Left out by the target ({len(steps)}): {words}.", "", width)]


def _field_lines(field: str, parts: list[str], width: int) -> list[str]:
    """Return a field on one line, or, where that is too long, each part of it on lines of its own."""
    line = f"{FIELD}{field}: {'; '.join(parts)}"
    if len(line) <= width and "\n" not in line:
        return [line]
    if len(parts) == 1:
        return _wrapped(f"{field}: {parts[0]}", FIELD, width)
    return [f"{FIELD}{field}:", *(one for part in parts for one in _wrapped(part, f"{FIELD}  ", width))]


def _wrapped(text: str, indent: str, width: int) -> list[str]:
    """Return lines of a text; those that follow stand two columns to the right, below a name below its fields."""
    more = f"{indent}  " if indent else FIELD
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=more, break_on_hyphens=False)


def _parts(change: Mapping[str, Any], action: str) -> list[str]:
    before, after = change["before"], change["after"]
    if action in ("create", "delete"):
        value = after if action == "create" else before
        return [_value(item) for item in value] if isinstance(value, list) and value else [_value(value)]
    if isinstance(before, list) and isinstance(after, list):
        parts = [f"- {_value(item)}" for item in before if item not in after]
        parts += [f"+ {_value(item)}" for item in after if item not in before]
        return parts or ["another order"]
    return [f"{_value(before)} -> {_value(after)}"]


def _value(value: Any) -> str:
    if value is None or value == "" or value == []:
        return "none"
    if isinstance(value, list):
        return "; ".join(map(_value, value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={_value(item)}" for key, item in value.items())
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def cost_text(cost: Mapping[str, float]) -> str:
    """Say what all costs a month, now and then."""
    before, after = cost["before"], cost["after"]
    return f"{before:.2f} USD now, {after:.2f} USD then ({after - before:+.2f})"
