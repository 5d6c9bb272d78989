#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: compose_take_over
short_description: Take a running Compose project over, with its PostgreSQL and its Redis
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - What happens to the old containers when C(playbooks/take_over.yml) runs. Volumes of the old project are never
    touched.
options:
  step:
    description:
      - V(find) says whether there is such a project. V(look) says what would be taken over, and refuses what cannot be.
      - V(back_up) remembers what is needed to have everything back, stops all but the data services, and backs their
        data up. V(leave) removes the containers, and the sites of nginx that lead to them. V(bring_back) starts it all
        again. V(forget) forgets it.
    type: str
    required: true
    choices: [find, look, back_up, leave, bring_back, forget]
  app:
    description: Name of the app.
    type: str
    required: true
  project:
    description: Name of the Compose project.
    type: str
    required: true
  own:
    description: The directory of the app's own releases, whose containers are none of the project's.
    type: path
    required: true
  volumes:
    description: The volumes as they are declared.
    type: dict
    default: {}
  image:
    description: The declared image of PostgreSQL.
    type: str
    default: ''
  settings:
    description: Where the settings of the backup are, for V(look) and V(back_up).
    type: path
    default: /etc/izzzi/backup-taken
attributes:
  check_mode:
    support: full
    description: V(find) and V(look) look; the other steps do nothing.
"""

EXAMPLES = r"""
- name: Look whether the guide's stack runs
  izzzi.infra.compose_take_over:
    step: find
    app: izzzi
    project: izzzi
    own: /opt/izzzi
"""

RETURN = r"""
stack:
  description:
    - For V(find), C(directory), C(services) and C(halfway), whether a killed run has stopped it; C(postgres) and
      C(redis) are names of services. For V(look), C(rows), C(keys), C(version) and C(volumes). For V(back_up), the
      backup.
  returned: for V(find), V(look) and V(back_up)
  type: dict
"""

from contextlib import nullcontext
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.data_move import major
from ..module_utils._app.program import CommandError
from ..module_utils._app.progress import of_module
from ..module_utils._app.values import volume_name
from ..module_utils._backup import context, take_over
from ..module_utils._backup.config import BackupError, read
from ..module_utils._secrets.mask import mask

STEPS = ["find", "look", "back_up", "leave", "bring_back", "forget"]
ARGUMENT_SPEC = {
    "step": {"type": "str", "required": True, "choices": STEPS},
    "app": {"type": "str", "required": True},
    "project": {"type": "str", "required": True},
    "own": {"type": "path", "required": True},
    "volumes": {"type": "dict", "default": {}},
    "image": {"type": "str", "default": ""},
    "settings": {"type": "path", "default": "/etc/izzzi/backup-taken"},
}


def carry_out(params: dict, secrets: dict, check_mode: bool) -> dict:
    """Take one step, while nobody else takes one. `secrets` gets what must not be shown."""
    memory = Path(f"/var/lib/izzzi/backup/{params['app']}-taken/stack.json")
    with nullcontext() if check_mode else take_over.alone(memory, params["step"]):
        return answer(params, secrets, memory, check_mode)


def answer(params: dict, secrets: dict, memory: Path, check_mode: bool) -> dict:
    step = params["step"]
    stack = take_over.find(params["project"], Path(params["own"]))
    if step == "find":
        return {"changed": False, "stack": take_over.told(stack, memory)}
    if check_mode and step != "look":
        return {"changed": False, "stack": {}}
    if step == "bring_back":

        def made() -> context.Context:
            config, found = read(params["app"], Path(params["settings"]))
            secrets.update(found)
            return context.make(config, found)

        return {"changed": take_over.bring_back(memory, stack, made)}
    if step == "forget":
        memory.unlink(missing_ok=True)
        return {"changed": False}
    if not stack:
        raise BackupError(f"No Compose project {params['project']} runs on this host, but for the app's own.")
    if step == "leave":
        take_over.leave(stack)
        return {"changed": True}
    config, found = read(params["app"], Path(params["settings"]))
    secrets.update(found)
    made = context.make(config, found)
    if step == "look":
        names = [volume_name(params["app"], name, declared) for name, declared in params["volumes"].items()]
        return {"changed": False, "stack": take_over.look(made, stack, names, major(params["image"]))}
    return {"changed": True, "stack": take_over.back_up(made, stack, memory)}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    secrets: dict = {}
    try:
        with of_module(module, module.params["app"]):
            result = carry_out(module.params, secrets, module.check_mode)
        module.exit_json(**result)
    except (BackupError, CommandError) as error:
        module.fail_json(msg=mask(str(error), secrets.values()))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or ''}: {error.strerror}".lstrip(": "))


if __name__ == "__main__":
    main()
