# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: base_problems
short_description: Say what is wrong with what the role base is asked for
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks inputs of the role P(izzzi.infra.base#role), public keys and rules of the firewall among them, and what would
    lock everybody out of this host, such as a firewall that does not let this login in.
options:
  _input:
    description: The inputs, by their names.
    type: dict
    required: true
  host:
    description: What the role's probe has read on the host, texts by name.
    type: dict
    required: true
  controller:
    description:
      - C(name) of the host, C(now) in seconds, C(connection) and whether it is C(over_ssh), whether the C(login_stays),
        the algorithms that will be C(offered) (C(kex), C(mac)) and the C(kex) that the controller's ssh knows.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what would lock everybody out
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('\n') }}"
  vars:
    problems: "{{ inputs | izzzi.infra.base_problems(host, controller) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each fault, with its place. Empty when all is well.
  type: list
  elements: str
"""

from ..module_utils._host.base import problems


class FilterModule:
    def filters(self):
        return {"base_problems": problems}
