# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils._cloud.adopt.adopt import Asked, adopt
from ..module_utils._cloud.adopt.adoption import NOTHING
from ..module_utils._cloud.arguments import API, connect
from ..module_utils._cloud.client import ApiError
from ..module_utils._cloud.kinds.space.space import Buckets
from ..module_utils._cloud.plan import Problems
from ..module_utils._init.adopted import Adopted
from ..module_utils._init.arguments import ENVIRONMENTS, RUNNERS, Wish
from ..module_utils._init.inventory import make, place
from ..module_utils._init.model import Notes
from ..module_utils._init.place import PlaceError, find_key, write_at_once

SPACES = {name: option for name, option in Buckets.arguments.items() if name.startswith("spaces_")}
WISHES = {
    "environment": {"type": "str", "required": True, "choices": list(ENVIRONMENTS)},
    "project": {"type": "str", "required": True},
    "app": {"type": "str", "required": True},
    "region": {"type": "str"},
    "domain": {"type": "str", "default": ""},
    "runner": {"type": "str", "choices": list(RUNNERS)},
    "into": {"type": "str", "default": ""},
    "adopt": {"type": "bool", "default": False},
}
ARGUMENT_SPEC = {**API, **SPACES, **WISHES}
DEFAULTS = {"region": "fra1", "runner": "compose"}  # where nothing is adopted


class ActionModule(ActionBase):
    """Runs on the controller, in the folder in which people stand: a module would begin in the playbook's."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        params = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1]
        wish = _wish(params)
        try:
            adopted, first_plan = self._adopted(params, wish) if wish.adopt else (None, "")
            inventory = make(wish, Path.cwd(), Path.home(), adopted)
            if not self._task.check_mode:
                write_at_once(inventory.into, inventory.files)
        except (PlaceError, ApiError, Problems) as error:
            raise AnsibleActionFail(f"{str(error).removesuffix(NOTHING).strip()} {NOTHING}") from error
        notes = inventory.notes
        result.update(changed=True, path=str(inventory.into), files=sorted(inventory.files))
        result.update(found=notes.found, assumed=notes.assumed, todo=notes.todo)
        if adopted:
            result["first_plan"] = first_plan
        if self._task.diff:
            result["diff"] = [
                {"before": "", "after": text, "before_header": "/dev/null", "after_header": str(inventory.into / name)}
                for name, text in sorted(inventory.files.items())
            ]
        return result

    def _adopted(self, params: dict[str, Any], wish: Wish) -> tuple[Adopted, str]:
        """Return what the account has, and the text of the first plan. Only GET requests are sent."""
        place(wish, Path.cwd())  # what cannot be written needs no request
        options = {name: params[name] for name in (*API, *SPACES, "environment")}
        asked = Asked(options, wish.region, wish.domain, wish.runner, find_key(Path.home()).text)
        there = adopt(connect(params), asked)
        said = {name: params[name] for name in ("spaces_region", "spaces_endpoint_url") if self._task.args.get(name)}
        return Adopted(
            {**there.declared, **said},
            there.runner,
            there.allowed_ssh_ips,
            there.other_keys,
            there.project,
            there.served,
            Notes(there.found, there.assumed, there.todo),
        ), there.first_plan


def _wish(params: dict[str, Any]) -> Wish:
    given = {name: params[name] for name in WISHES}
    for name, default in DEFAULTS.items():
        if given[name] is None:
            given[name] = "" if params["adopt"] else default
    return Wish(**given)
