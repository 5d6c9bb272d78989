#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_take_over
short_description: Find, stop, start and remove what Docker Compose runs of an app that moves to a Swarm
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Serves the entry point C(take_over) of the role C(swarm_stack). Compose and the stack call volumes alike, so that
    the stack goes on with the data once the containers have stopped.
  - The containers are those of the Compose projects O(project), O(project)C(-blue) and O(project)C(-green).
options:
  action:
    description:
      - V(find) changes nothing.
      - V(open) gives the owner of the database its password again. While Compose serves, each release has a login of
        its own and the owner's way in is closed; in a Swarm it is the app's login.
      - V(stop) stops the running containers. V(start) starts O(containers) again. V(remove) removes all; volumes stay.
    type: str
    choices: [find, open, stop, start, remove]
    required: true
  project:
    description: Name of the app.
    type: str
    required: true
  containers:
    description: For V(start), the names that RV(running) had.
    type: list
    elements: str
    default: []
  database:
    description: For V(open), the database. There is nothing to open without C(user), or when its service does not run.
    type: dict
    default: {}
    suboptions:
      service:
        description: The data service that runs PostgreSQL.
        type: str
        default: ''
      name:
        description: Name of the database.
        type: str
        default: ''
      user:
        description: Its owner.
        type: str
        default: ''
  database_password:
    description: For V(open), the owner's password.
    type: str
    default: ''
attributes:
  check_mode:
    support: full
    description: Says what would be stopped and removed.
  diff_mode:
    support: none
    description: RV(running) and RV(containers) say what stops and what goes.
"""

EXAMPLES = r"""
- name: Stop what Compose runs
  izzzi.infra.swarm_take_over:
    action: stop
    project: izzzi
"""

RETURN = r"""
containers:
  description: Names of the app's containers before the action, the oldest first.
  returned: success
  type: list
  elements: str
running:
  description: Those of them that ran.
  returned: success
  type: list
  elements: str
keeps_data:
  description: Whether there are some, and this host is the Swarm's node for data.
  returned: with O(action=find)
  type: bool
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.program import CommandError
from ..module_utils._swarm.engine import Engine, EngineError
from ..module_utils._swarm.stack import take_over

DATABASE = {name: {"type": "str", "default": ""} for name in ("service", "name", "user")}
ARGUMENT_SPEC = {
    "action": {"type": "str", "choices": ["find", "open", "stop", "start", "remove"], "required": True},
    "project": {"type": "str", "required": True},
    "containers": {"type": "list", "elements": "str", "default": []},
    "database": {"type": "dict", "default": {}, "options": DATABASE},
    "database_password": {"type": "str", "default": "", "no_log": True},
}
GRACE = 600  # seconds for which a container may take to stop
ACTIONS = {"stop": take_over.stop, "start": take_over.start, "remove": take_over.remove}


def opened(params: dict, running: list[str], check_mode: bool) -> bool:
    """Let the owner in, and return whether that was to be done. A run before this one has done it when PostgreSQL no
    longer runs."""
    database = params["database"]
    if not database.get("user") or take_over.container_of(params["project"], database["service"]) not in running:
        return False
    if not check_mode:
        take_over.open_owner(params["project"], database, params["database_password"])
    return True


def run(engine: Engine, params: dict, check_mode: bool) -> dict:
    """Carry the action out, or say what it would change."""
    action, found = params["action"], take_over.containers(engine, params["project"])
    if action == "find":
        return {"changed": False, "keeps_data": bool(found["containers"]) and take_over.keeps_data(engine), **found}
    if action == "open":
        return {"changed": opened(params, found["running"], check_mode), **found}
    names = {"stop": found["running"], "start": params["containers"], "remove": found["containers"]}[action]
    if not check_mode:
        ACTIONS[action](engine, names)
    return {"changed": bool(names), **found}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**run(Engine(timeout=GRACE), module.params, module.check_mode))
    except (EngineError, CommandError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
