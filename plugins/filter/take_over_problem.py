# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: take_over_problem
short_description: Why a Swarm cannot take an app over from Docker Compose
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The app may run on one host alone, and that must be the Swarm's node for data. Elsewhere the stack would begin with
    empty volumes.
options:
  _input:
    description: What M(izzzi.infra.swarm_take_over) found, by the host's name.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse what would begin with empty volumes
  ansible.builtin.assert:
    that: "{{ {'m1': found} | izzzi.infra.take_over_problem == '' }}"
"""

RETURN = r"""
_value:
  description: A sentence that says what to do; empty when the app can be taken over, or nothing is left to move.
  type: str
"""

from ..module_utils._swarm.stack.take_over import problem


class FilterModule:
    def filters(self):
        return {"take_over_problem": problem}
