#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: database_upgrade
short_description: Move an app's PostgreSQL to another major version, on the host of its data
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - What happens on the host of the data when C(playbooks/upgrade_database.yml) runs. In between, the runner of the app
    stops the app (C(pause)), starts the database on its new volume (C(exchange)), and starts the app again (C(resume)).
  - The old volume is never touched.
options:
  step:
    description:
      - V(look) compares what runs with what is declared, and refuses what cannot be done.
      - V(prepare) makes the last backup of the old server, with the tag C(upgrade), and fails when somebody still
        writes.
      - V(bring_over) fills the new server from it, compares each table, and brings roles, passwords and settings along.
      - V(finish) forgets that an upgrade was under way. V(clear) removes the new volume of one that was undone.
    type: str
    required: true
    choices: [look, prepare, bring_over, finish, clear]
  app:
    description: Name of the app.
    type: str
    required: true
  database:
    description: The database by which its server is found.
    type: str
    default: ''
  data_services:
    description: The data services as they are declared.
    type: dict
    default: {}
  volumes:
    description: Their volumes as they are declared.
    type: dict
    default: {}
  env:
    description: Values for C(${NAME}) in the names of images.
    type: dict
    default: {}
  backup:
    description: For V(bring_over), the id that V(prepare) has returned.
    type: str
    default: ''
  settings:
    description: Where the app's settings are.
    type: path
    default: /etc/izzzi/backup
attributes:
  check_mode:
    support: full
    description: V(look) looks; the other steps do nothing.
"""

EXAMPLES = r"""
- name: Look what would move
  izzzi.infra.database_upgrade:
    step: look
    app: shop
    data_services: {postgres: {image: "postgres:17", volumes: ["postgres:/var/lib/postgresql/data"]}}
    volumes: {postgres: {}}
"""

RETURN = r"""
move:
  description:
    - For V(look), C(due), C(version_before), C(version), C(volume_before), C(volume) and C(bytes). C(names) is what has
      to be declared as C(app_data_volumes) from then on, and empty when it is.
    - For V(prepare), the backup's C(id) and figures beside that. For V(bring_over), C(rows), C(seconds), and in
      C(refused) the settings that the new version does not take.
  returned: for V(look), V(prepare) and V(bring_over)
  type: dict
  sample: {due: true, version_before: 15, version: 17, volume_before: shop_postgres, volume: shop_postgres_17}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.app import App
from ..module_utils._app.program import CommandError
from ..module_utils._app.progress import of_module
from ..module_utils._backup import context, upgrade
from ..module_utils._backup.config import BackupError, read
from ..module_utils._secrets.mask import mask

ARGUMENT_SPEC = {
    "step": {"type": "str", "required": True, "choices": ["look", "prepare", "bring_over", "finish", "clear"]},
    "app": {"type": "str", "required": True},
    "database": {"type": "str", "default": ""},
    "data_services": {"type": "dict", "default": {}},
    "volumes": {"type": "dict", "default": {}},
    "env": {"type": "dict", "default": {}},
    "backup": {"type": "str", "default": ""},
    "settings": {"type": "path", "default": "/etc/izzzi/backup"},
}


def answer(params: dict, found: context.Context, check_mode: bool) -> dict:
    """Take one step."""
    step = params["step"]
    app = App(params["app"], Path("/"), {}, params["data_services"], params["volumes"], params["env"])
    if step == "look":
        return {"changed": False, "move": upgrade.look(found, app, found.database(params["database"]))}
    if check_mode:
        return {"changed": False, "move": {}}
    if step in ("finish", "clear"):
        return {"changed": {"finish": upgrade.finish, "clear": upgrade.clear}[step](found)}
    wanted = found.database(params["database"])
    if step == "prepare":
        return {"changed": True, "move": upgrade.prepare(found, app, wanted)}
    return {"changed": True, "move": upgrade.bring_over(found, wanted, params["backup"])}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, secrets = module.params, {}
    try:
        config, secrets = read(params["app"], Path(params["settings"]))
        with of_module(module, config.app, secrets.values()):
            result = answer(params, context.make(config, secrets), module.check_mode)
        module.exit_json(**result)
    except (BackupError, CommandError) as error:
        module.fail_json(msg=mask(str(error), secrets.values()))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or ''}: {error.strerror}".lstrip(": "))


if __name__ == "__main__":
    main()
