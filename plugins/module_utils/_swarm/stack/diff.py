# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares declared services with those that run, service by service. Pure."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..labels import DECLARED, STOPPED, TASKS
from .once import as_declared

# What the engine fills in by itself.
FILLED = {"ForceUpdate", "Runtime", "Isolation", "DNSConfig", "Privileges", "SecretID", "ConfigID", "DriverOpts"}
CREATE, UPDATE, DELETE, NOOP = "create", "update", "delete", "noop"


@dataclass(frozen=True)
class StackChange:
    """What is to happen to one service. `restarts` says whether its tasks are replaced."""

    action: str
    name: str
    fields: tuple[str, ...] = ()
    restarts: bool = False
    before: str = ""
    after: str = ""

    @property
    def summary(self) -> dict[str, Any]:
        return {"action": self.action, "service": self.name, "fields": list(self.fields), "restarts": self.restarts}


def changes(desired: Mapping[str, dict], current: Mapping[str, dict]) -> list[StackChange]:
    """Return the changes in the order of the declaration; what is not declared any more comes last."""
    result = [_change(name, spec, current.get(name)) for name, spec in desired.items()]
    return result + [StackChange(DELETE, name, before=shown(current[name])) for name in sorted({*current} - {*desired})]


def _change(name: str, desired: dict, current: dict | None) -> StackChange:
    if current is None:
        return StackChange(CREATE, name, restarts=True, after=shown(desired))
    fields = tuple(sorted(differences(desired, current)))
    if not fields:
        return StackChange(NOOP, name)
    restarts = any(field.startswith("TaskTemplate.") for field in fields) or changes_mode(desired, current)
    return StackChange(UPDATE, name, fields, restarts, shown(current), shown(desired))


def changes_mode(desired: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """Return whether it changes between one task on every node and a number of tasks."""
    return set(desired["Mode"]) != set(current["Mode"])


def made_anew(current: Mapping[str, dict], desired: Mapping[str, dict]) -> list[str]:
    """Return one sentence for each service that has to go before it can be as it is declared."""
    return [
        f"{name} changes between one task on every node and a number of tasks, which Swarm cannot: it is removed and "
        "made anew, and nobody answers for it meanwhile."
        for name, spec in desired.items()
        if name in current and changes_mode(spec, current[name])
    ]


def differences(desired: Any, current: Any, path: str = "") -> Iterable[str]:
    """Yield paths of values that differ. Missing, null and empty are the same; what the engine fills in is left out."""
    if isinstance(desired, Mapping) and isinstance(current, Mapping):
        for key in {*desired, *current} - FILLED:
            yield from differences(desired.get(key), current.get(key), f"{path}.{key}" if path else key)
    elif isinstance(desired, Mapping) and not current:
        yield from differences(desired, {}, path)
    elif isinstance(current, Mapping) and not desired:
        yield from differences({}, current, path)
    elif isinstance(desired, list) and isinstance(current, list) and len(desired) == len(current):
        for number, one in enumerate(desired):
            yield from differences(one, current[number], f"{path}[{number}]")
    elif (desired or None) != (current or None):
        yield path


def with_network_names(spec: dict, names: Mapping[str, str]) -> dict:
    """Return a copy that names networks, as declarations do, where the engine has their ids."""
    result = copy.deepcopy(spec)
    for network in result["TaskTemplate"].get("Networks") or []:
        network["Target"] = names.get(network["Target"], network["Target"])
    return result


def with_live_scale(desired: dict, current: dict | None, keep: bool = True) -> dict:
    """Keep replicas that were changed on the living service, until the declaration itself changes.

    Not those of what must not run twice: it may stand still, and a data service may not even do that.
    """
    if not keep or current is None or "Replicated" not in desired["Mode"] or "Replicated" not in current["Mode"]:
        return desired
    if current["Labels"].get(DECLARED) != desired["Labels"].get(DECLARED):
        return desired
    result = copy.deepcopy(desired)
    before = current["Labels"].get(STOPPED)  # a deploy starts what was stopped with its app
    result["Mode"]["Replicated"]["Replicas"] = int(before) if before else current["Mode"]["Replicated"]["Replicas"]
    return as_declared(result)


def shown(spec: Mapping[str, Any]) -> str:
    """Write a spec as text for a diff: no ids, no marks."""

    def clean(value: Any) -> Any:
        if isinstance(value, Mapping):
            kept = {key: clean(item) for key, item in value.items() if key not in FILLED and key != TASKS}
            return {key: item for key, item in kept.items() if item not in (None, [], {}, "")}
        return [clean(item) for item in value] if isinstance(value, list) else value

    return json.dumps(clean(spec), indent=2, sort_keys=True) + "\n"
