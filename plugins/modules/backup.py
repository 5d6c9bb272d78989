#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: backup
short_description: Make, list, prove and restore the backups of an app
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on the host of the data services, where the role C(backup) has written the app's settings. It is the code that
    the host's timers run.
  - A restore fills a new database beside the live one, compares each table with what was counted when the backup was
    made, and only then exchanges the two by their names. What was live is kept, and O(action=undo) puts it back.
extends_documentation_fragment: [izzzi.infra.who]
options:
  action:
    description:
      - V(now) makes a backup; the first one is proven at once. V(list) returns those that there are.
      - V(drill) restores a backup into a PostgreSQL without network, compares, and throws it away.
      - V(find) fails where V(restore) would find nothing of that name, and says what there is. It reads what is stored.
        With O(to=undo) it fails where V(undo) would find nothing to put back.
      - V(restore) brings a database, or one table of it, back. V(undo) takes the last restore back.
      - V(repair) reads all that is stored, puts aside what is damaged, stores it anew by a backup, and proves that.
      - V(state) returns what is remembered, and what is late or has failed.
    type: str
    required: true
    choices: [now, list, drill, repair, find, restore, undo, state]
  app:
    description: Name of the app.
    type: str
    required: true
  to:
    description: >-
      What is restored or proven. V(latest), the id of a backup, a point in time such as V(2026-11-28 04:31:00) (UTC, or
      with a zone, V(2026-11-28 05:31:00+01:00)), or V(end) for all that was archived.
    type: str
    default: latest
  into:
    description: V(live) exchanges the live database. V(scratch) restores beside it, to look at.
    type: str
    choices: [live, scratch]
    default: scratch
  database:
    description: The database, when several are declared.
    type: str
    default: ''
  table:
    description: >-
      One table alone, such as V(public.notes). It goes into the live database; the present one is kept in a schema of
      its own there.
    type: str
    default: ''
  volume:
    description: The files of a named volume alone, into a new volume beside it, which the result names.
    type: str
    default: ''
  redis:
    description: Redis' data alone, into the live Redis; its present data is saved on the host first.
    type: bool
    default: false
  everything:
    description: >-
      For V(restore), all databases, Redis, and the volumes that have no files yet, before the first release on a new
      host. O(into) does not count.
    type: bool
    default: false
  wait:
    description: With O(everything), seconds to wait until the data services answer.
    type: int
    default: 0
  sql:
    description: >-
      SQL that runs in a restored database before it is live, in one transaction, for example to remove personal data.
    type: str
    default: ''
  adopt:
    description: >-
      For V(now) on a host that has made none of the backups that are there, to go on with them; where the repository is
      gone, to begin a new one.
    type: bool
    default: false
  settings:
    description: Where the app's settings are.
    type: path
    default: /etc/izzzi/backup
attributes:
  check_mode:
    support: full
    description: V(restore) says what would be lost, V(repair) what is damaged. Nothing is made, proven or restored.
"""

EXAMPLES = r"""
- name: Make a backup
  izzzi.infra.backup:
    action: now
    app: shop

- name: Look at what was there yesterday
  izzzi.infra.backup:
    action: restore
    app: shop
    to: 4f353e14
    into: scratch
"""

RETURN = r"""
backup:
  description: The backup that was made, or what was proven or restored, with rows, bytes and seconds.
  returned: for V(now), V(drill), V(repair), V(restore) and V(undo)
  type: dict
  sample: {id: 4f353e14, rows: 50002, seconds: 6.6}
backups:
  description: The backups, the newest first.
  returned: for V(list)
  type: list
  elements: dict
windows:
  description:
    - The stretches of time of which every second can be had back, by service. C(since) and C(until) are seconds since
      1970, C(text) says the same to people, C(missing) names the WAL segment with which a stretch ends.
  returned: for V(list)
  type: list
  elements: dict
state:
  description: >-
    The last backup, the last verified one, their ages in hours, C(troubles), and the C(archives) of WAL by service with
    their C(lag) in seconds.
  returned: for V(state)
  type: dict
loss:
  description: Tables of which a restore would change the number of rows, a sentence each.
  returned: for V(restore) in check mode
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.outcome import Outcome
from ..module_utils._app.program import CommandError
from ..module_utils._app.progress import of_module
from ..module_utils._backup import actions, context, everything, repair
from ..module_utils._backup.config import BackupError, read
from ..module_utils._backup.drill import drill
from ..module_utils._backup.restore import undo
from ..module_utils._secrets.mask import mask

ACTIONS = ["now", "list", "drill", "repair", "find", "restore", "undo", "state"]
ARGUMENT_SPEC = {
    "action": {"type": "str", "required": True, "choices": ACTIONS},
    "app": {"type": "str", "required": True},
    "to": {"type": "str", "default": "latest"},
    "into": {"type": "str", "choices": ["live", "scratch"], "default": "scratch"},
    "database": {"type": "str", "default": ""},
    "table": {"type": "str", "default": ""},
    "volume": {"type": "str", "default": ""},
    "redis": {"type": "bool", "default": False},
    "everything": {"type": "bool", "default": False},
    "wait": {"type": "int", "default": 0},
    "sql": {"type": "str", "default": ""},
    "adopt": {"type": "bool", "default": False},
    "who": {"type": "dict", "default": {}},
    "settings": {"type": "path", "default": "/etc/izzzi/backup"},
}


def answer(params: dict, found: context.Context, check_mode: bool) -> dict:
    """Carry out what is asked for, or foresee it."""
    what = (params["to"], params["into"], params)
    if params["action"] == "list":
        return {"changed": False, **actions.overview(found)}
    if params["action"] == "state":
        return {"changed": False, "state": actions.report(found)}
    if params["action"] == "find":
        actions.require(found, params["to"], params)
        return {"changed": False}
    if params["action"] == "restore" and check_mode:
        foreseen = everything.foresee(found, params["to"]) if params["everything"] else actions.foresee(found, *what)
        return {"changed": True, "backup": foreseen, "loss": foreseen["loss"]}
    if params["action"] == "repair":
        done = repair.foresee(found) if check_mode else repair.repair(found)
        return {"changed": bool(done["packs"]), "backup": done}
    if params["action"] == "undo" and check_mode:
        actions.require(found, actions.UNDO, params)
        return {"changed": True, "backup": {}}
    if check_mode:
        return {"changed": params["action"] == "now", "backup": {}}
    if params["action"] == "restore" and params["everything"]:
        everything.wait_for_services(found, params["wait"])
        return {"changed": True, "backup": everything.bring_back(found, params["to"], params["sql"])}
    if params["action"] == "restore":
        return {"changed": True, "backup": actions.bring_back(found, *what)}
    if params["action"] == "drill":
        return {"changed": False, "backup": drill(found, params["to"])}
    if params["action"] == "undo":
        return {"changed": True, "backup": undo(found, params["database"])}
    return {"changed": True, "backup": actions.now(found, params["adopt"])}


def writes(module: AnsibleModule) -> bool:
    """Tell whether it is a verb of its own: what a restore has done is known to the playbook that proves it."""
    return module.params["action"] in ("now", "repair") and not module.check_mode


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, secrets = module.params, {}
    try:
        config, secrets = read(params["app"], Path(params["settings"]))
        hidden = list(secrets.values())
        noted = Outcome(params["who"], config.app, f"backup {params['action']}", hidden=hidden, writes=writes(module))
        with of_module(module, config.app, hidden):
            result = noted.of(lambda: answer(params, context.make(config, secrets), module.check_mode))
        module.exit_json(**result)
    except (BackupError, CommandError) as error:
        module.fail_json(msg=mask(str(error), secrets.values()))
    except OSError as error:
        module.fail_json(msg=f"{error.filename or ''}: {error.strerror}".lstrip(": "))


if __name__ == "__main__":
    main()
