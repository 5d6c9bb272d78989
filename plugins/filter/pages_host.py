# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: pages_host
short_description: What the role pages writes onto a host, and what is wrong with its inputs
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives the writer of the document that the operators' page shows, its settings, and on one server the page, nginx's
    configuration for it and the login.
options:
  _input:
    description: >-
      The role's inputs, without C(pages_) before their names, and C(seed), which makes the hash of the password differ
      between hosts.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the writer and its settings
  izzzi.infra.host_change:
    files: "{{ host.files }}"
  vars:
    host: "{{ {'app': 'shop', 'runner': 'swarm', 'port': 8080, 'mail_port': 8025} | izzzi.infra.pages_host }}"
"""

RETURN = r"""
_value:
  description: >-
    C(problems), one sentence each; when there are none, C(files) and C(secrets) for M(izzzi.infra.host_change).
  type: dict
"""

from ..module_utils._app.on_host import judged
from ..module_utils._pages.host import files, problems, secrets


def pages_host(given):
    return {"files": [], "secrets": [], **judged(given, problems, files, secrets)}


class FilterModule:
    def filters(self):
        return {"pages_host": pages_host}
