# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of the collection within Ansible's own process, where its task is for this machine anyway.

To pack a module that asks DigitalOcean, to start a Python for it, and to compile there what this process has loaded,
takes far longer than its requests (docs/decisions/0037-modules-in-the-controllers-process.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NoReturn

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


class Ended(Exception):
    """A module has said its result."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__()
        self.result = result


class Here:
    """What AnsibleModule is to a module that is run elsewhere: the part of it that our modules use."""

    def __init__(self, params: dict[str, Any], *, check: bool, diff: bool, verbosity: int) -> None:
        self.params, self.check_mode, self._diff, self._verbosity = params, check, diff, verbosity
        self._warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self._warnings.append(warning)

    def exit_json(self, **result: Any) -> NoReturn:
        raise Ended({"changed": False, **result, **({"warnings": self._warnings} if self._warnings else {})})

    def fail_json(self, msg: str, **result: Any) -> NoReturn:
        self.exit_json(failed=True, msg=msg, **result)


def is_here(action: ActionBase) -> bool:
    """Return whether a module would run on this machine, as this user and in this environment. Not on macOS, whose
    libraries do not let a forked process ask for proxies."""
    task, connection = action._task, action._connection
    plain = not (connection.become or task.async_val or any(task.environment or []))
    return connection.transport == "local" and plain and sys.platform == "linux"


def run_module(
    action: ActionBase, module: ModuleType, arguments: Mapping[str, Any], task_vars: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the result of a module that has ARGUMENT_SPEC and `run`, whether it runs here or on another host."""
    if not is_here(action):
        name = f"izzzi.infra.{module.__name__.rsplit('.', 1)[-1]}"
        return action._execute_module(module_name=name, module_args=dict(arguments), task_vars=task_vars)
    task = action._task
    given = json.loads(json.dumps(arguments, default=str))  # as on their way to another process: nothing of Ansible's
    return run_here(module, given, check=task.check_mode, diff=task.diff, verbosity=Display().verbosity)


def run_here(module: ModuleType, given: dict[str, Any], *, check: bool, diff: bool, verbosity: int) -> dict[str, Any]:
    """Return a module's result. Arguments are judged, and secrets taken out of the result, as AnsibleModule does it."""
    judged = ArgumentSpecValidator(module.ARGUMENT_SPEC).validate(given)
    if judged.error_messages:
        words = "Unsupported parameters: " if isinstance(judged.errors[0], UnsupportedError) else ""
        return {"failed": True, "msg": f"{words}{judged.error_messages[0]}"}
    try:
        module.run(Here(judged.validated_parameters, check=check, diff=diff, verbosity=verbosity))
    except Ended as ended:
        return remove_values(ended.result, judged._no_log_values)
    raise RuntimeError(f"{module.__name__} has ended without a result")
