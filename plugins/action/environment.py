# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.action import ActionBase

from ..module_utils._cloud.names import vault_variables
from ..modules import environment
from ..plugin_utils.here import run_module
from ..plugin_utils.vault_file import locked, open_vault, real_path, require_writable


def held(loader: DataLoader, path: str, keys: list[str]) -> dict[str, str]:
    """Return the ids of the Spaces keys that the vault file has with their secrets."""
    with locked(real_path(loader, path).parent):
        variables = open_vault(loader, path).variables
    found = {key: [variables.get(name) for name in vault_variables(key)] for key in keys}
    return {key: str(values[0]) for key, values in found.items() if all(values)}


def keep(loader: DataLoader, path: str, secrets: dict[str, str]) -> None:
    with locked(real_path(loader, path).parent) as directory:
        open_vault(loader, path).add(secrets, directory)


class ActionModule(ActionBase):
    """Runs the module. The secrets of new Spaces keys go from its result into the vault file, and nowhere else."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        keys, path = arguments.get("spaces_keys"), arguments.get("vault_file")
        if isinstance(keys, dict) and keys and path:
            there = held(self._loader, path, [str(key) for key in keys])
            require_writable(real_path(self._loader, path), [f"Spaces key {key}" for key in keys if key not in there])
            arguments["spaces_keys_held"] = there
        result = run_module(self, environment, arguments, task_vars)
        if secrets := result.pop("new_secrets", None):
            self._keep(path, secrets, result)
        return result

    def _keep(self, path: str, secrets: dict[str, str], result: dict[str, Any]) -> None:
        try:
            keep(self._loader, path, secrets)
        except AnsibleActionFail as error:
            lost = f"The secrets of new Spaces keys could not be kept: {error} The next run makes these keys anew."
            result |= {"failed": True, "msg": "\n".join(filter(None, [result.get("msg"), lost]))}
