#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: history
short_description: Note who has changed what on a host, and read it
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The modules that change an app write their own lines. This one is for what several of them do together, and for
    reading.
  - A line is one JSON object in C(/var/lib/izzzi/history), which only root can read and write.
extends_documentation_fragment: [izzzi.infra.who]
options:
  action:
    description:
      - V(note) writes a line. V(read) returns lines. V(add) writes those of O(lines) that are not there, so that every
        manager of a Swarm has them.
    type: str
    choices: [note, read, add]
    required: true
  app:
    description: The app. Empty for what was changed of the server itself.
    type: str
    default: ''
  did:
    description: >-
      For V(note), what was done, in a word. Of V(host) all that one run does on one host is one line.
    type: str
    default: ''
  what:
    description: For V(note), of what, or to what.
    type: str
    default: ''
  result:
    description: For V(note), how it ended.
    type: str
    choices: [ok, failed]
    default: ok
  detail:
    description: For V(note), why it failed.
    type: str
    default: ''
  kind:
    description: For V(note), a kind of event that people are told of besides, such as V(release_failed).
    type: str
    default: ''
  count:
    description: For V(read), the last lines; V(0) for all.
    type: int
    default: 0
  lines:
    description: For V(add), lines that V(read) has returned on this host or another one.
    type: list
    elements: dict
    default: []
attributes:
  check_mode:
    support: full
    description: Nothing is written.
"""

EXAMPLES = r"""
- name: Read the last lines
  izzzi.infra.history:
    action: read
    app: shop
    count: 20
  register: changes

- name: Note what was done
  izzzi.infra.history:
    action: note
    app: shop
    did: restore
    what: backup 4f353e14
"""

RETURN = r"""
lines:
  description: The lines, the oldest first, of the app and of the server.
  returned: for V(read)
  type: list
  elements: dict
  sample:
    - id: 5a1f0c9e7b21
      when: '2026-11-29T10:05:03Z'
      app: shop
      server: shop-production-web
      verb: deploy
      did: deploy
      who: {user: ada, host: laptop, author: Ada <ada@example.com>}
      run: 0f2c9a41d7b3
      what: ''
      from: 20261105-0f2c9a41d7b3
      to: 20261129-9a41d7b30f2c
      result: ok
      seconds: 61.2
      detail: ''
text:
  description: The same lines for people.
  returned: for V(read)
  type: list
  elements: str
"""

import hashlib
import platform
import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app import events, history
from ..module_utils._app.failure import headline
from ..module_utils._command.settings import remembered

ARGUMENT_SPEC = {
    "action": {"type": "str", "choices": ["note", "read", "add"], "required": True},
    "app": {"type": "str", "default": ""},
    "did": {"type": "str", "default": ""},
    "what": {"type": "str", "default": ""},
    "result": {"type": "str", "choices": ["ok", "failed"], "default": "ok"},
    "detail": {"type": "str", "default": ""},
    "kind": {"type": "str", "default": ""},
    "count": {"type": "int", "default": 0},
    "lines": {"type": "list", "elements": "dict", "default": []},
    "who": {"type": "dict", "default": {}},
}


def note(params: dict) -> dict:
    """Write a line, and leave an event where one is asked for. Every host that notes the same has the same line."""
    app, did, hidden = params["app"], params["did"], remembered(params["app"])
    told = {name: params[name] for name in ("what", "result")} | {"detail": headline(params["detail"])}
    if did != history.HOST and (run := params["who"].get("run")):
        told["id"] = hashlib.sha256("\n".join((run, did, told["what"], told["result"])).encode()).hexdigest()[:12]
    line = history.line(params["who"], app or history.SERVER, did, platform.node(), time.time(), hidden, **told)
    if did == history.HOST:
        line = history.joined(history.read(app, 10), line)
    history.add(app, [line])
    if params["kind"]:
        failed = " failed" if params["result"] == "failed" else ""
        title = f"{app}: {params['what']}" if did == "undo" else f"{app}: {did} of {params['what']}{failed}"
        detail = f"{params['detail']}\nBy {history.person(line['who'])}."
        events.record(params["kind"], app, title, detail=detail, result=params["result"], hidden=hidden)
    return {}  # it is an account of changes, and none itself


def read(params: dict) -> dict:
    lines = history.recent(params["app"] or history.SERVER, params["count"])
    return {"lines": lines, "text": list(map(history.text, lines))}


def add(params: dict) -> dict:
    for app in {line.get("app") or history.SERVER for line in params["lines"]}:
        history.add(app, [line for line in params["lines"] if line.get("app") == app])
    return {}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    action, params = module.params["action"], module.params
    if module.check_mode and action != "read":
        module.exit_json(changed=False)
    try:
        result = {"note": note, "read": read, "add": add}[action](params)
    except OSError as error:
        result = {"warnings": [f"The history of this host cannot be written: {error.filename}: {error.strerror}."]}
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
