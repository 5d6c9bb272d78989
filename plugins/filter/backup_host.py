# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: backup_host
short_description: What the role backup writes onto a host, and what is wrong with its inputs
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives the code that timers run there, which is that of M(izzzi.infra.backup), the settings and the secrets.
options:
  _input:
    description: >-
      The role's inputs, without C(backup_) before their names. C(settings) and C(directory) are other places than usual
      on the host, for the settings and for what is remembered.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the code and the settings
  izzzi.infra.host_change:
    files: "{{ host.files }}"
    secrets: "{{ host.secrets }}"
  vars:
    host: "{{ {'app': 'shop', 'repository': '/mnt/backups', 'password': password} | izzzi.infra.backup_host }}"
"""

RETURN = r"""
_value:
  description: >-
    C(problems), one sentence each; when there are none, C(files) and C(secrets) for M(izzzi.infra.host_change).
  type: dict
"""

from ..module_utils._app.on_host import judged
from ..module_utils._backup.host import files, problems, secrets


def backup_host(given):
    return judged(given, problems, files, secrets)


class FilterModule:
    def filters(self):
        return {"backup_host": backup_host}
