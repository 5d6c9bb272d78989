#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: file_set
short_description: Replace several files together, or none of them
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Writes the files, links and directories of one configuration, then lets a command judge the whole. When the command
    refuses it, everything is put back as it was and the module fails with the command's words.
  - Each entry is replaced at once; a reader sees the old one or the new one.
  - Entries belong to root, or to whoever runs the module.
options:
  files:
    description: The files, in the order in which they are written.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      content:
        description: The whole text, for example of the lookup P(ansible.builtin.template#lookup).
        type: str
        required: true
      mode:
        description: Permissions, octal.
        type: str
        default: '0644'
      replace:
        description: V(false) leaves a file alone that is already there, whatever it holds.
        type: bool
        default: true
  secrets:
    description: Files whose text is shown nowhere, neither in the diff nor in logs.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      content:
        description: The whole text.
        type: str
        required: true
      mode:
        description: Permissions, octal.
        type: str
        default: '0600'
      group:
        description: The group, whose members read the file when the mode says so; by default that of the module's user.
        type: str
        default: ''
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      target:
        description: What the link says, as it is written.
        type: str
        required: true
  directories:
    description: Directories, with their parents.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where.
        type: path
        required: true
      mode:
        description: Permissions, octal.
        type: str
        default: '0755'
  absent:
    description: Files and links that must not be there.
    type: list
    elements: path
    default: []
  validate:
    description:
      - A command that judges the new state. It runs whether something has changed or not; in check mode with O(trial)
        only.
    type: list
    elements: str
    default: []
  trial:
    description:
      - Directories that O(validate) itself writes to. Where the list is given, also an empty one, check mode lets the
        command judge the changes in a view of its own, which nobody else sees and which is gone afterwards. It needs
        C(unshare) and the right to mount; without them the command is not tried.
    type: list
    elements: path
attributes:
  check_mode:
    support: full
    description: Predicts the changes, and with O(trial) what the command says of them.
  diff_mode:
    support: full
    description: Shows every entry that changes.
"""

EXAMPLES = r"""
- name: Replace two files that only make sense together
  izzzi.infra.file_set:
    files:
      - {path: /etc/nginx/conf.d/limits.conf, content: "limit_req_zone $binary_remote_addr zone=api:1m rate=10r/s;\n"}
      - path: /etc/nginx/sites-available/shop
        content: "{{ lookup('ansible.builtin.template', 'shop.j2') }}"
    links: [{path: /etc/nginx/sites-enabled/shop, target: ../sites-available/shop}]
    validate: [nginx, -q, -t]
"""

RETURN = r"""
paths:
  description: The paths that have changed.
  type: list
  elements: str
  returned: always
"""

import subprocess
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host.file_set import Change, apply, changes, undo
from ..module_utils._host.private_view import refusal

FILE = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True},
    "mode": {"type": "str", "default": "0644"},
    "replace": {"type": "bool", "default": True},
}
SECRET = {
    "path": {"type": "path", "required": True},
    "content": {"type": "str", "required": True, "no_log": True},
    "mode": {"type": "str", "default": "0600"},
    "group": {"type": "str", "default": ""},
}
LINK = {"path": {"type": "path", "required": True}, "target": {"type": "str", "required": True}}
DIRECTORY = {"path": {"type": "path", "required": True}, "mode": {"type": "str", "default": "0755"}}
ARGUMENT_SPEC = {
    "files": {"type": "list", "elements": "dict", "default": [], "options": FILE},
    "secrets": {"type": "list", "elements": "dict", "default": [], "options": SECRET, "no_log": False},
    "links": {"type": "list", "elements": "dict", "default": [], "options": LINK},
    "directories": {"type": "list", "elements": "dict", "default": [], "options": DIRECTORY},
    "absent": {"type": "list", "elements": "path", "default": []},
    "validate": {"type": "list", "elements": "str", "default": []},
    "trial": {"type": "list", "elements": "path"},
}


UNCHANGED = "Nothing was to be changed."


def objection(command: list[str]) -> str | None:
    """The words with which the command refuses the new state."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, errors="replace")
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}."
    if result.returncode == 0:
        return None
    return (result.stderr.strip() or result.stdout.strip()) or f"{command[0]} ended with {result.returncode}."


def run(module: AnsibleModule) -> dict[str, Any]:
    wanted = changes(module.params)
    command, trial = module.params["validate"], module.params["trial"]
    if not module.check_mode:
        carry_out(wanted, command)
    elif command and trial is not None and (words := refusal(wanted, command, trial)):
        raise ValueError(f"{words}\n{'A run would put everything back as it was.' if wanted else UNCHANGED}")
    result: dict[str, Any] = {"changed": bool(wanted), "paths": [change.path for change in wanted]}
    if module._diff:
        result["diff"] = [change.diff() for change in wanted]
    return result


def carry_out(wanted: list[Change], command: list[str]) -> None:
    done = apply(wanted)
    words = objection(command) if command else None
    if words is not None:
        undo(done)
        state = "Everything is as it was." if done else UNCHANGED
        raise ValueError(f"{words}\n{state}")


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        result = run(module)
    except ValueError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}. Everything is as it was.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
