# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the roles base, docker and nginx on the walk's droplet: the roles' own task files in this process, their
modules on the droplet, their proofs of a login by the real ssh."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import SimpleNamespace
from typing import Any

from .host import Host
from .role import Failed, Killed, Role, Run

# isort: split
from ansible_collections.izzzi.infra.plugins.action.host_change import ActionModule  # after role.py, which finds it

# What a template or a program of somebody else says where we should have.
FOREIGN = re.compile(
    "Traceback|is undefined|No first item|has no attribute|Error while|TemplateRuntimeError|object of type"
    "|non-zero return code|MODULE FAILURE|Task failed|argument of type|Errno"
)
MODULES = ("apt", "command", "file", "systemd_service", "user")


@cache
def role(name: str) -> Role:
    return Role(name)


class Action(ActionModule):
    """The action of host_change, with the droplet's process for Ansible's connection."""

    def __init__(self, arguments: dict[str, Any], check: bool, on_host: Any):
        self._task = SimpleNamespace(args=arguments, async_val=0, check_mode=check)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir="none"))
        self._ask = on_host

    def _on_host(self, arguments: dict, task_vars: dict | None) -> dict:
        return self._ask(arguments)


class Modules:
    """How a run reaches the droplet; counts the processes, and kills the one of a chosen number."""

    def __init__(self, host: Host, kill: Mapping[str, Any] | None = None):
        self._host, self._kill = host, kill
        self.calls = 0

    def __call__(
        self, name: str, given: dict[str, Any], check: bool, environment: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        if name == "host_change":
            asked = {"name": name, "check": check, "environment": environment or {}}
            return Action(given, check, lambda arguments: self._module({**asked, "arguments": arguments})).run()
        if name == "shell":
            name, given = "command", {**given, "_raw_params": given["cmd"], "_uses_shell": True, "cmd": None}
            del given["cmd"]
        assert name in MODULES, f"tests/walk/hosts_run.py does not know the module {name}"
        return self._module({"name": name, "check": check, "environment": environment or {}, "arguments": given})

    def _module(self, asked: dict[str, Any]) -> dict[str, Any]:
        kill = None
        if self._kill and not asked["check"] and self.calls >= self._kill["call"]:
            kill = {"event": self._kill["event"], "group": self._kill["group"]}
        self.calls += 1
        answer = self._host.ask("module", kill=kill, **asked)
        if answer["killed"] or kill:
            raise Killed(f"{asked['name']}, call {self.calls}")
        result = answer["result"]
        assert not result.get("crashed"), f"{asked['name']} crashed:\n{result['msg']}"
        return result


@dataclass
class Outcome:
    """How a run ended."""

    message: str = ""  # of its failure
    task: str = ""  # that failed
    killed: str = ""
    changed: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return not (self.message or self.killed)


def run(
    name: str, host: Host, given: Mapping[str, Any], check: bool = False, kill: Mapping[str, Any] | None = None
) -> Outcome:
    went = Run(role(name), given, Modules(host, kill), check)
    outcome = Outcome(changed=went.changed, results=went.results)
    try:
        went()
    except Failed as failure:
        outcome.message, outcome.task = str(failure) or "(no message)", failure.task["name"]
    except Killed as killed:
        outcome.killed = str(killed)
    for result in went.results.values():
        outcome.paths |= {*result.get("paths", ())}
    assert not FOREIGN.search(outcome.message), f"not our words ({name}: {outcome.task}): {outcome.message}"
    return outcome
