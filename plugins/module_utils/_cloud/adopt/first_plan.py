# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the first plan of an adopted environment does: the plan itself, made here, which reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .. import declaration
from ..arguments import ENVIRONMENT
from ..client import Client
from ..environment import Environment
from ..plan import CREATE, DELETE, REPLACE, UPDATE, Problems, Step
from ..plan_text import plan_text
from ..resources import RESOURCES
from .adoption import refuse

SPEC = {**ENVIRONMENT, **{option: spec for resource in RESOURCES for option, spec in resource.arguments.items()}}
UNSAYABLE = "What the account has cannot be declared as it is:"
# By kind the fields that an adoption changes: our tag, and what was attached in another way.
OURS = {
    "droplet": {"tags"},
    "firewall": {"tags", "droplet_ids"},
    "load_balancer": {"tag"},
    "volume": {"tags"},
    "reserved_ip": {"tag"},
    "alert": {"tags", "droplets"},
}


def completed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of the module environment with its defaults."""
    return dict(ArgumentSpecValidator(SPEC).validate(dict(options)).validated_parameters)


def plan(client: Client, options: Mapping[str, Any]) -> tuple[list[Step], str]:
    """Return the steps of the plan and its text. Raise Problems when the account cannot be declared as it is."""
    given = completed(options)
    declared, problems = declaration.complete(given, RESOURCES)
    if problems:
        raise refuse(UNSAYABLE, *problems)
    environment = Environment(declared, client)
    try:
        found = environment.plan()
    except Problems as error:
        raise refuse(UNSAYABLE, str(error)) from error
    return found.steps, plan_text(environment.outcome(found))


def strange(steps: list[Step]) -> list[str]:
    """Return what the plan does beside giving our tags: where the declaration is not as the account."""
    return [f"{step.action} {step.kind} {step.name}{_fields(step)}" for step in steps if not _is_expected(step)]


def _fields(step: Step) -> str:
    return f" ({', '.join(change.field for change in step.changes)})" if step.action in (UPDATE, REPLACE) else ""


def _is_expected(step: Step) -> bool:
    if step.action == UPDATE:
        return {change.field for change in step.changes} <= OURS.get(step.kind, set())
    if step.action == CREATE:
        return step.kind == "tag" or (step.kind == "record" and step.name.startswith("_izzzi."))
    return step.action not in (DELETE, REPLACE)
