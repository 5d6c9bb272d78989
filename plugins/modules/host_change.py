#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_change
short_description: Change files of a host together, apply the change, and take it back when it is refused or not proven
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares any number of files, links and directories with what they should be, and replaces those that differ. One
    task, one round trip. Each is replaced at once; a reader sees the old one or the new one.
  - When one cannot be written, when O(validate) refuses the whole, or when the change cannot be applied, everything is
    as it was before, and the module fails with the words of who refused.
  - What must be done for a change to count (a reload) belongs to it. A run that was killed before it did it is made
    good by the next one.
  - With O(guard_seconds) the change must be proven. A timer on the host undoes it, also after a reboot in between,
    unless O(proof) succeeds, or the module is called with O(state=confirmed), before.
  - Missing parents are made. What is written belongs to root, or to whoever runs the module, unless it says otherwise.
options:
  state:
    description:
      - V(present) writes. V(confirmed) keeps a guarded change and stops its timer. V(undone) takes it back at once.
    type: str
    choices: [present, confirmed, undone]
    default: present
  files:
    description:
      - The files. Each has O(files[].content), or O(files[].settings), or neither; then only its attributes are set, if
        it is there.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {type: path, required: true, description: Where.}
      content: {type: str, description: "The whole text, for example of the lookup P(ansible.builtin.template#lookup)."}
      settings: {type: dict, description: "Values to set, each on its line, in a file that exists."}
      separator: {type: str, default: ' ', description: What stands between the name and the value of a setting.}
      mode:
        description: Permissions, octal. For O(files[].content) it is V(0644) by default, else it is left alone.
        type: str
      owner: {type: str, description: The user that it belongs to. Missing parents are then made for this user alone.}
      replace:
        description: V(false) leaves a file alone that is already there, whatever it holds.
        type: bool
        default: true
      state: {type: str, choices: [present, absent], default: present, description: "V(absent) removes it."}
      validate:
        description: A command that judges the new text, with C(%s) for its file. In a check it may be yet to come.
        type: str
      apply: {type: list, elements: str, default: [], description: Names of O(apply) that are due when it changes.}
      when: {type: bool, default: true, description: "V(false) leaves the entry out."}
  secrets:
    description: Files whose text is shown nowhere, neither in the diff nor in logs.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {type: path, required: true, description: Where.}
      content: {type: str, required: true, description: The whole text.}
      mode: {type: str, default: '0600', description: "Permissions, octal."}
      group:
        description: The group, whose members read the file when the mode says so; by default that of the module's user.
        type: str
      state: {type: str, choices: [present, absent], default: present, description: "V(absent) removes it."}
  links:
    description: Symbolic links.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {type: path, required: true, description: Where.}
      target: {type: str, required: true, description: "What the link says, as it is written."}
      state: {type: str, choices: [present, absent], default: present, description: "V(absent) removes it."}
  directories:
    description: Directories, with their parents.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {type: path, required: true, description: Where.}
      mode: {type: str, default: '0755', description: "Permissions, octal."}
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
  apply:
    description:
      - What to do when files changed, in this order, by name. Each has C(command) (for the shell), and may have
        C(check) (when it fails the command is due even though no file changed) and C(undo) (instead of C(command),
        after the files came back).
    type: dict
    default: {}
  guard_seconds:
    description: How long the proof may take. 0 means that none is asked for.
    type: int
    default: 0
  proof:
    description:
      - A command for the controller that proves a guarded change, as a list of words; it is tried three times in half
        of O(guard_seconds). When it succeeds the change is kept, otherwise it is taken back and the task fails with
        the command's words.
      - Without it the change stays guarded until a later task confirms it or takes it back.
    type: list
    elements: str
attributes:
  check_mode:
    support: full
    description: Predicts the changes, what judges single files says of them, and with O(trial) what O(validate) says.
  diff_mode:
    support: full
    description: Shows every entry that changes.
"""

EXAMPLES = r"""
- name: Replace two files that only make sense together
  izzzi.infra.host_change:
    files:
      - {path: /etc/nginx/conf.d/limits.conf, content: "limit_req_zone $binary_remote_addr zone=api:1m rate=10r/s;\n"}
      - path: /etc/nginx/sites-available/shop
        content: "{{ lookup('ansible.builtin.template', 'shop.j2') }}"
    links: [{path: /etc/nginx/sites-enabled/shop, target: ../sites-available/shop}]
    validate: [nginx, -q, -t]

- name: Close SSH to passwords, or leave it as it was
  izzzi.infra.host_change:
    guard_seconds: 60
    files:
      - path: /etc/ssh/sshd_config.d/00-keys-only.conf
        content: |
          PasswordAuthentication no
        apply: [sshd]
    apply:
      sshd:
        command: sshd -t && systemctl reload ssh
    # Not multiplexed: an old connection stays open whatever the new settings say.
    proof: [ssh, -oControlPath=none, -oBatchMode=yes, "{{ inventory_hostname }}", "true"]
"""

RETURN = r"""
paths:
  description: The paths that have changed, or would.
  returned: always
  type: list
  elements: str
applied:
  description: The names of what was applied, or would be.
  returned: always
  type: list
  elements: str
guarded:
  description: Whether the change still waits for a proof.
  returned: always
  type: bool
refusal:
  description: What O(proof) said when it failed. Empty when it succeeded.
  returned: when the change was guarded and O(proof) is given
  type: str
"""

from contextlib import nullcontext
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host import guard, private_view
from ..module_utils._host.apply import BACK, UNCHANGED, due, judge_each, settle
from ..module_utils._host.declared_files import changes
from ..module_utils._host.files import Change

PATH = {"type": "path", "required": True}
STATE = {"type": "str", "choices": ["present", "absent"], "default": "present"}
FILE = {
    "path": PATH,
    "content": {"type": "str"},
    "settings": {"type": "dict"},
    "separator": {"type": "str", "default": " "},
    "mode": {"type": "str"},
    "owner": {"type": "str"},
    "replace": {"type": "bool", "default": True},
    "state": STATE,
    "validate": {"type": "str"},
    "apply": {"type": "list", "elements": "str", "default": []},
    "when": {"type": "bool", "default": True},
}
SECRET = {
    "path": PATH,
    "content": {"type": "str", "required": True, "no_log": True},
    "mode": {"type": "str", "default": "0600"},
    "group": {"type": "str"},
    "state": STATE,
}
LINK = {"path": PATH, "target": {"type": "str", "required": True}, "state": STATE}
DIRECTORY = {"path": PATH, "mode": {"type": "str", "default": "0755"}}
ENTRIES = {"type": "list", "elements": "dict", "default": []}
ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["present", "confirmed", "undone"], "default": "present"},
    "files": {**ENTRIES, "options": FILE, "mutually_exclusive": [("content", "settings")]},
    "secrets": {**ENTRIES, "options": SECRET, "no_log": False},
    "links": {**ENTRIES, "options": LINK},
    "directories": {**ENTRIES, "options": DIRECTORY},
    "absent": {"type": "list", "elements": "path", "default": []},
    "validate": {"type": "list", "elements": "str", "default": []},
    "trial": {"type": "list", "elements": "path"},
    "apply": {"type": "dict", "default": {}},
    "guard_seconds": {"type": "int", "default": 0},
    "proof": {"type": "list", "elements": "str"},  # the action runs it, on the controller
}
LOCK = "/run/izzzi-host-change.lock"


def present(module: AnsibleModule) -> dict[str, Any]:
    params = module.params
    with guard.locked(LOCK) if params["apply"] else nullcontext():
        if params["guard_seconds"] and not module.check_mode:
            guard.wait_for_other_change(params["guard_seconds"])
        wanted = changes(params, module.check_mode)
        names = due(wanted, params["apply"])
        judge_each(wanted, module.check_mode)
        result = {
            "changed": bool(wanted or names),
            "paths": [change.path for change in wanted],
            "applied": names,
            "guarded": False,
        }
        if module._diff:
            result["diff"] = [change.diff() for change in wanted]
        if not module.check_mode:
            result["guarded"] = settle(wanted, names, params)
        elif params["validate"] and params["trial"] is not None:
            try_out(wanted, params["validate"], params["trial"])
    return result


def try_out(wanted: list[Change], command: list[str], written: list[str]) -> None:
    if words := private_view.refusal(wanted, command, written):
        raise ValueError(f"{words}\n{'A run would put everything back as it was.' if wanted else UNCHANGED}")


def in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        path = error.filename2 or error.filename or "a file"
        return f"{path} cannot be written: {error.strerror}. {BACK}"
    return str(error)


class HostChange(AnsibleModule):
    def _log_invocation(self) -> None:
        """Log no secret on the host: Ansible looks for one of several lines as it is, and logs it as Python does."""
        whole = self.params
        self.params = {**whole, "secrets": [{**secret, "content": "..."} for secret in whole.get("secrets") or []]}
        try:
            super()._log_invocation()
        finally:
            self.params = whole


def main() -> None:
    module = HostChange(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    result: dict[str, Any] = {"changed": False, "paths": [], "applied": [], "guarded": False}
    try:
        if module.params["state"] == "present":
            result = present(module)
        elif not module.check_mode and module.params["state"] == "confirmed":
            guard.confirm()
        elif not module.check_mode:
            guard.undo()
    except (OSError, ValueError) as error:
        module.fail_json(msg=in_words(error), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
