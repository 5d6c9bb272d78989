# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: app_command
short_description: What the roles write onto a host for the command izzzi
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives the command, its code, which is that of M(izzzi.infra.release) or M(izzzi.infra.swarm_stack), and the settings
    of one app.
options:
  _input:
    description: >-
      C(app), its name; C(runner), V(compose) or V(swarm); C(params), arguments of the runner's module; C(database) and
      C(redis), whom the clients talk to; C(jobs), what this host is to
      run by the clock; C(hidden), texts that no output shows; in a Swarm C(nodes), addresses to log
      in at by those in the VPC, and C(managers), those of managers.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the command
  izzzi.infra.host_change:
    directories: "{{ wanted.directories }}"
    files: "{{ wanted.files }}"
    secrets: "{{ wanted.secrets }}"
    apply: "{{ wanted.apply }}"
  vars:
    wanted: "{{ shop | izzzi.infra.app_command }}"
    shop: {app: shop, runner: compose, params: {project: shop, directory: /opt/shop}}
"""

RETURN = r"""
_value:
  description: C(directories), C(files), C(secrets) and C(apply), which brings timers, for M(izzzi.infra.host_change).
  type: dict
"""

from ..module_utils._command.host import written


class FilterModule:
    def filters(self):
        return {"app_command": written}
