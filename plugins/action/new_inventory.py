# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._init.arguments import ENVIRONMENTS, RUNNERS, Wish
from ..module_utils._init.inventory import make
from ..module_utils._init.place import PlaceError, write_at_once

ARGUMENT_SPEC = {
    "environment": {"type": "str", "required": True, "choices": list(ENVIRONMENTS)},
    "project": {"type": "str", "required": True},
    "app": {"type": "str", "required": True},
    "region": {"type": "str", "default": "fra1"},
    "domain": {"type": "str", "default": ""},
    "runner": {"type": "str", "choices": list(RUNNERS), "default": "compose"},
    "into": {"type": "str", "default": ""},
}


class ActionModule(ActionBase):
    """Runs on the controller, in the folder in which people stand: a module would begin in the playbook's."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        wish = Wish(**self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1])
        try:
            inventory = make(wish, Path.cwd(), Path.home())
            if not self._task.check_mode:
                write_at_once(inventory.into, inventory.files)
        except PlaceError as error:
            raise AnsibleActionFail(str(error)) from error
        notes = inventory.notes
        result.update(changed=True, path=str(inventory.into), files=sorted(inventory.files))
        result.update(found=notes.found, assumed=notes.assumed, todo=notes.todo)
        if self._task.diff:
            result["diff"] = [
                {"before": "", "after": text, "before_header": "/dev/null", "after_header": str(inventory.into / name)}
                for name, text in sorted(inventory.files.items())
            ]
        return result
