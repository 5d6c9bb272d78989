# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan is made of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

CREATE, UPDATE, REPLACE, DELETE, NOOP = "create", "update", "replace", "delete", "noop"
KEEP = "keep"  # it is the environment's, is not declared, and stays: `reason` says why
UNDECLARED = "it is not declared. Declare it, or set prune (provision_prune) to true to delete it."
IDLE = (NOOP, KEEP)  # actions that write nothing


class Problems(Exception):
    """Why a declaration cannot be carried out: each says what is wrong, where, and what to do."""

    changed = False  # whether something was written before

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Change:
    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """One thing that a run does to one resource. `apply` sends it; the rest is for people. Costs are US dollars a month
    before and after the step, so a `noop` has twice the same. `phase` is for a step that must wait for another phase
    than its kind's. `reason` is for a `keep`. `notes` say what comes with it: what is lost, what follows,
    how long it takes."""

    action: str
    kind: str
    name: str
    changes: tuple[Change, ...] = ()
    apply: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    cost_before: float = 0.0
    cost_after: float = 0.0
    phase: int | None = field(default=None, compare=False, repr=False)
    reason: str = ""
    notes: tuple[str, ...] = ()

    def keep(self, reason: str) -> Step:
        """Return a step that keeps the resource, with its cost, in place of this deletion."""
        return replace(self, action=KEEP, changes=(), apply=None, cost_after=self.cost_before, reason=reason)

    def show(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "kind": self.kind,
            "name": self.name,
            "changes": [{"field": c.field, "before": c.before, "after": c.after} for c in self.changes],
            "monthly_cost": round(self.cost_after, 2),
            "monthly_cost_delta": round(self.cost_after - self.cost_before, 2),
            "reason": self.reason,
            "notes": list(self.notes),
        }


def created(fields: dict[str, Any]) -> tuple[Change, ...]:
    """Return the changes that show every field of a new resource."""
    return tuple(Change(name, None, value) for name, value in fields.items())


def changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[Change, ...]:
    """Return the fields of `after` that differ."""
    return tuple(Change(name, before.get(name), value) for name, value in after.items() if before.get(name) != value)


def diff(steps: list[Step]) -> dict[str, dict[str, Any]]:
    """Return before and after of all changes, for --diff."""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for step in steps:
        key = f"{step.kind} {step.name}"
        if step.action in (UPDATE, REPLACE, DELETE):
            before[key] = {c.field: c.before for c in step.changes} or "present"
        if step.action in (UPDATE, REPLACE, CREATE):
            after[key] = {c.field: c.after for c in step.changes} or "present"
    return {"before": before, "after": after}
