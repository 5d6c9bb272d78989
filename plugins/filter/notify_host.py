# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: notify_host
short_description: What the role notify writes onto a host, or what is wrong with its inputs
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Judges where messages go and which are left out, and renders the files of the program that sends them.
options:
  _input:
    description: The role's inputs by their names without C(notify_).
    type: dict
    required: true
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ host.problems }}"
  vars:
    given: {urls: [], 'off': [disk], place: shop, disk: 85, certificate_days: 14, names: []}
    host: "{{ given | izzzi.infra.notify_host }}"
"""

RETURN = r"""
_value:
  description: >-
    C(problems), one sentence each, without any address; when there are none, C(files) and C(secrets) for
    M(izzzi.infra.host_change).
  type: dict
"""

from ..module_utils._app.on_host import judged
from ..module_utils._notify.host import files, problems, secrets


def notify_host(given):
    return judged(given, problems, files, secrets)


class FilterModule:
    def filters(self):
        return {"notify_host": notify_host}
