# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services of which two tasks must never run at once, and how they stay at one. Pure.

All arguments are service specs as the Engine API has them: a service is judged by what runs, not by a declaration.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from ..labels import DATA, DECLARED, PART, SERVICE, START, STOPPED
from ..service import Spec, local_volumes, replicas


def reason(spec: Spec) -> str:
    """Say why two tasks of it must not run at once; empty when they may."""
    labels = spec.get("Labels") or {}
    if volumes := local_volumes(spec["TaskTemplate"]):
        return f"two tasks would write to one volume ({', '.join(volumes)})"
    if labels.get(PART) == DATA:
        return "it is a data service, and what one task is given the other does not know"
    if START in labels:
        return "it is declared with start: after_switch, so that two never run at once"
    return ""


def at_most_one(spec: dict) -> dict:
    """Return the same service; one that must not run twice does not, whatever a person has set by hand."""
    if not reason(spec) or (replicas(spec) or 0) <= 1:
        return spec
    result = copy.deepcopy(spec)
    result["Mode"]["Replicated"]["Replicas"] = 1
    return result


def as_declared(spec: dict) -> dict:
    """Return a data service at its declared number, which a scale by hand does not outlive; others stay as they are."""
    labels = spec.get("Labels") or {}
    if labels.get(PART) != DATA or replicas(spec) is None:
        return at_most_one(spec)
    result = copy.deepcopy(spec)
    result["Mode"]["Replicated"]["Replicas"] = min(1, int(labels.get(DECLARED, 1)))
    return result


def put_back(current: Mapping[str, Spec], desired: Mapping[str, Spec]) -> list[str]:
    """Return one sentence for each service that runs more or fewer times than it may, and will not any more."""
    found = []
    for name, spec in current.items():
        wanted, now = desired.get(name), replicas(spec)
        why = reason(spec)
        if not wanted or now is None or not why:
            continue
        target = replicas(wanted)
        if now > 1:
            found.append(
                f"{name} was set to {now} tasks by hand, and {why}: a deploy puts it back to {target}. "
                "Look at its data: what the other tasks wrote may be lost."
            )
        elif now == 0 and target and STOPPED not in spec["Labels"]:
            found.append(f"{name} was stopped by hand (0 tasks): a deploy starts it again.")
    return found


def refuse_scale(spec: Spec, wanted: int, allow_zero: bool) -> str:
    """Say why this service does not get so many tasks; empty when it may."""
    name = (spec.get("Labels") or {}).get(SERVICE, spec["Name"])
    if replicas(spec) is None:
        return f"{spec['Name']} runs on every node and cannot be scaled."
    if wanted > 1 and (why := reason(spec)):
        return f"{name} must not run {wanted} times: {why}. It runs once; nothing was changed."
    if wanted == 0 and not allow_zero:
        return (
            f"replicas=0 stops {name} until somebody scales it again, over deploys too: visitors and services that ask "
            "for it get errors. If that is meant, add -e allow_zero=true. Nothing was changed."
        )
    return ""


def scaled(spec: dict, wanted: int) -> dict:
    """Return the service with so many tasks. The declaration's number stays noted, so that a deploy keeps this one."""
    result = {**spec, "Mode": {"Replicated": {"Replicas": wanted}}}
    kept = {name: text for name, text in spec["Labels"].items() if name != STOPPED}
    result["Labels"] = {DECLARED: str(replicas(spec)), **kept}
    return result
