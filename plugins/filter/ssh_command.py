# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: ssh_command
short_description: Write the command that logs in to a host over SSH
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Writes one login that runs a command, a list of words for M(ansible.builtin.command) or for the C(proof) of
    M(izzzi.infra.host_change).
options:
  _input:
    description:
      - The way to the host. C(address) and C(user) are required. C(program) (C(ssh) by default), C(port), C(key) (a
        file), C(options) by their names in ssh_config and C(arguments), a list of texts that are split as a shell does,
        may be missing or empty.
    type: dict
    required: true
  command:
    description: What runs on the host.
    type: str
    required: true
"""

EXAMPLES = r"""
# [ssh, -oBatchMode=yes, -l, deploy, 198.51.100.7, "true"]
- name: Try to log in
  ansible.builtin.command:
    argv: "{{ login | izzzi.infra.ssh_command('true') }}"
  vars:
    login: {address: 198.51.100.7, user: deploy, options: {BatchMode: "yes"}}
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The program and its arguments.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._host.ssh_command import ssh_command


def command(login, command):
    try:
        return ssh_command(login, command)
    except ValueError as error:
        raise AnsibleFilterError(f"ssh_command: {login.get('arguments')}: {error}") from error


class FilterModule:
    def filters(self):
        return {"ssh_command": command}
