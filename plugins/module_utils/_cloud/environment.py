# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One environment: read the account, plan, carry the plan out in dependency order. Knows no kind of resource."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from . import target
from .account import Account, read
from .carry_out import CarryOut
from .client import ApiError, Client
from .environment_lock import EnvironmentLock
from .names import Names
from .plan import CREATE, DELETE, IDLE, REPLACE, UNDECLARED, Problems, Step
from .resource import PHASES, Context, Resource, Wait
from .resources import RESOURCES


@dataclass(frozen=True)
class Phase:
    """Steps that are done side by side, and what must have come true before the next phase."""

    steps: list[Step]
    settle: list[Callable[[], None]]


@dataclass(frozen=True)
class Plan:
    """Phases run one after the other."""

    phases: list[Phase]

    @property
    def steps(self) -> list[Step]:
        return [step for phase in self.phases for step in phase.steps]

    @property
    def work(self) -> list[Step]:
        return [step for step in self.steps if step.action not in IDLE]


class Environment:
    """`declared` is complete and has no problem of its own: see _declaration."""

    def __init__(
        self,
        declared: dict[str, Any],
        client: Client,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        names = Names(declared["project"], declared["environment"])
        self._client = client
        self._context = Context(declared, names, client, Wait(declared["wait_timeout"], sleep, clock))
        self._resources = self._context.resources
        self._resources.extend(resource(self._context) for resource in RESOURCES)
        self._account: Account = {}
        self.warnings: list[str] = []
        self._rest: list[Step] = []  # what targets leave out
        self.planned = ""

    def plan(self) -> Plan:
        """Read the account in two round trips at most and return the plan. Raise Problems before anything is
        written."""
        account = read({listing: call for resource in self._resources for listing, call in resource.reads().items()})
        account |= read(
            {listing: call for resource in self._resources for listing, call in resource.more_reads(account).items()}
        )
        self._account = account
        surplus = {resource: resource.surplus(account) for resource in self._resources}
        if self._context.is_absent:
            return self._unless_protected(Plan(self._removals(surplus)))
        problems = [problem for resource in self._resources for problem in resource.problems(account)]
        if not self._context.may_delete:
            problems += [problem for resource in self._resources for problem in _refusal(resource, surplus[resource])]
        if problems:
            raise Problems(problems)
        self.warnings = [warning for resource in self._resources for warning in resource.warnings(account)]
        makings = self._makings(account)
        if self._context.may_delete:
            return self._unless_protected(Plan(makings + self._removals(surplus)))
        kept = [step.keep(step.reason or UNDECLARED) for steps in surplus.values() for step in steps]
        return self._unless_protected(Plan([*makings, Phase(kept, [])]))

    def _unless_protected(self, plan: Plan) -> Plan:
        lost = [f"{step.kind} {step.name}" for step in plan.steps if step.action in (DELETE, REPLACE)]
        if lost and self._context.declared["protect"]:
            raise Problems(
                [
                    f"protect: this would delete or replace {', '.join(lost)}. To do so all the same, set protect "
                    "(provision_protect) to false."
                ]
            )
        return plan

    def fingerprint(self, plan: Plan) -> str:
        """Return a digest of all steps of the plan and of the ids that they concern."""
        told = {"plan": [step.show() for step in plan.steps], "ids": self._context.known.all_ids()}
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:16]

    def require(self, plan: Plan, fingerprint: str) -> None:
        """Raise Problems unless the plan has this fingerprint; empty accepts any plan. Call it before `carry_out`,
        which changes the account."""
        self.planned = self.fingerprint(plan)
        if fingerprint and fingerprint != self.planned:
            raise Problems(
                [
                    "The plan is not the one that was saved or shown: the declaration or the account has changed. "
                    "Nothing was written. Plan again: playbooks/plan.yml."
                ]
            )

    def is_outdated(self, plan: Plan) -> bool:
        """Whether another run has made or deleted, since the account was read, one of a kind that this plan makes, and
        of which the API would take a second one."""
        made = {step.kind for step in plan.work if step.action in (CREATE, REPLACE)}
        listings = {resource.doubles for resource in self._resources if resource.kind in made and resource.doubles}
        calls = {
            listing: call
            for resource in self._resources
            for listing, call in resource.reads().items()
            if listing in listings
        }
        return any(identities(rows) != identities(self._account[listing]) for listing, rows in read(calls).items())

    def _steps(self, account: Account) -> list[tuple[Resource, Step]]:
        resources = sorted(self._resources, key=lambda resource: resource.phase)  # of one phase: in their order
        return [(resource, step) for resource in resources for step in resource.steps(account)]

    def _chosen(self, account: Account) -> list[tuple[Resource, Step]]:
        """Return the steps of the targets and of what they need, or all when there are none. They are asked for twice:
        with what is left out, a step may be another."""
        found, names = self._steps(account), self._context.names
        if not self._context.declared["target"]:
            return found
        self._context.chosen.update(target.choose(self._context.declared["target"], found, names))
        self._rest = [step for _resource, step in found if not self._context.is_chosen(step.kind, step.name)]
        found = self._steps(account)
        return [(resource, step) for resource, step in found if self._context.is_chosen(step.kind, step.name)]

    def _makings(self, account: Account) -> list[Phase]:
        chosen = self._chosen(account)
        steps = [(_phase(resource, step), _noted(step, chosen)) for resource, step in chosen]
        return [
            Phase(
                [step for at, step in steps if at == phase],
                [resource.settle for resource in self._resources if resource.phase == phase],
            )
            for phase in PHASES
        ]

    def _removals(self, surplus: dict[Resource, list[Step]]) -> list[Phase]:
        """Return deletions in reverse order, so that a resource goes after all that refer to it."""
        resources = self._resources[::-1]
        steps = [(_phase(resource, step), step) for resource in resources for step in surplus[resource]]
        return [
            Phase(found, [resource.settle_removal for resource in resources if resource.phase == phase])
            for phase in reversed(PHASES)
            if (found := [step for at, step in steps if at == phase])
        ]

    def carry_out(self, plan: Plan) -> None:
        run, before = CarryOut(), self._client.writes
        try:
            for phase in plan.phases:
                run.phase(phase.steps, phase.settle)
        except (ApiError, Problems) as error:
            for resource in self._resources:
                resource.salvage()
            error.changed = self._client.writes > before
            raise

    def secrets(self) -> dict[str, str]:
        return {name: value for resource in self._resources for name, value in resource.secrets().items()}

    def outcome(self, plan: Plan) -> dict[str, Any]:
        outputs = {key: value for resource in self._resources for key, value in resource.outputs().items()}
        rest = [step.keep("") for step in self._rest]
        now, then = (round(sum(costs), 2) for costs in zip(*_costs([*plan.steps, *rest]), strict=True))
        return {
            **{key: rows for resource in self._resources for key, rows in resource.rows().items()},
            "changed": bool(plan.work),
            "plan": [step.show() for step in plan.steps],
            "left_out": [
                {"action": step.action, "kind": step.kind, "name": step.name}
                for step in self._rest
                if step.action not in IDLE
            ],
            "fingerprint": self.planned,
            "monthly_cost": {"before": now, "after": then},
            "outputs": {**outputs, "monthly_cost": then},
            "api_calls": self._client.calls,
        }


def identities(rows: Any) -> set[Any]:
    """Collect the ids of a listing's rows, or of several listings by name."""
    if isinstance(rows, dict):
        return {(name, id) for name, listing in rows.items() for id in identities(listing)}
    return {next(row[key] for key in ("id", "uuid", "ip") if key in row) for row in rows}


def converge(
    make: Callable[[], Environment], lock: EnvironmentLock, *, fingerprint: str = "", check: bool = False
) -> tuple[Environment, Plan]:
    """Plan and carry out the plan while no other run does. A plan without work needs no lock: it only waits for what
    other runs have begun."""
    environment = make()
    plan = environment.plan()
    environment.require(plan, fingerprint)
    if check:
        return environment, plan
    if not plan.work:
        environment.carry_out(plan)
        return environment, plan
    with lock:
        if lock.has_waited or environment.is_outdated(plan):
            environment = make()
            plan = environment.plan()
            environment.require(plan, fingerprint)
        environment.carry_out(plan)
    environment.warnings += lock.warnings
    return environment, plan


def _phase(resource: Resource, step: Step) -> int:
    return resource.phase if step.phase is None else step.phase


def _noted(step: Step, entries: list[target.Entry]) -> Step:
    """Return the step with a note of what follows a replacement."""
    found = target.followers(entries, step.kind, step.name) if step.action == REPLACE else []
    return replace(step, notes=(*step.notes, f"follows: {', '.join(found)}.")) if found else step


def _costs(steps: list[Step]) -> list[tuple[float, float]]:
    return [(0.0, 0.0), *((step.cost_before, step.cost_after) for step in steps)]


def _refusal(resource: Resource, steps: list[Step]) -> list[str]:
    lost = [step.name for step in steps if step.action == DELETE]
    if resource.loss is None or not lost:
        return []
    return [
        f"{resource.kind}s: the account has {', '.join(lost)}, which the declaration has not. "
        f"Declare them (a larger count, a group), or set prune (provision_prune) to true to delete them{resource.loss}."
    ]
