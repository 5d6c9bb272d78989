# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._secrets.generate import generate, parse_specs, placeholder
from ..plugin_utils.vault_file import locked, open_vault, real_path, require_writable

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "secrets": {"type": "dict", "required": True},
    "rotate": {"type": "list", "elements": "str", "default": []},
    "vault_id": {"type": "str"},
}


class ActionModule(ActionBase):
    """Runs on the controller only: the target sees nothing of it."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1]
        try:
            specs = parse_specs(arguments["secrets"])
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        path = real_path(self._loader, arguments["path"])
        with locked(path.parent) as directory:
            file = open_vault(self._loader, arguments["path"], arguments["vault_id"])
            rotate = arguments["rotate"]
            if unknown := [name for name in rotate if name not in {spec.name for spec in specs}]:
                raise AnsibleActionFail(f"rotate: {', '.join(unknown)} is not among the declared secrets.")
            missing = [spec for spec in specs if spec.name not in file.names or spec.name in rotate]
            kept = [spec.name for spec in specs if spec not in missing]
            generated = [spec.name for spec in missing]
            require_writable(path, generated)
            if missing and not self._task.check_mode:
                file.add({spec.name: generate(spec) for spec in missing}, directory)

        result.update(changed=bool(missing), path=str(path), generated=generated, kept=kept)
        if self._task.check_mode:
            result["ansible_facts"] = {spec.name: placeholder(spec) for spec in missing if spec.name not in file.names}
        if self._task.diff:
            result["diff"] = {
                "before_header": f"{path} (names only)",
                "after_header": f"{path} (names only)",
                "before": "".join(f"{name}\n" for name in kept),
                "after": "".join(f"{name}\n" for name in kept + generated),
            }
        return result
