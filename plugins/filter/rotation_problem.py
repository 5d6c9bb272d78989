# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: rotation_problem
short_description: Why secrets cannot get new values
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - A data service of a Swarm keeps the password of its first start. The result has names and no values.
options:
  _input:
    description: The chosen secrets, values by name.
    type: dict
    required: true
  fixed:
    description: Values that data services keep.
    type: list
    elements: str
    required: true
  declared:
    description: Names of all secrets.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse to lock the app out
  ansible.builtin.assert:
    that: chosen | izzzi.infra.rotation_problem(app_fixed_logins, app_generated_secrets | list) == ''
"""

RETURN = r"""
_value:
  description: A sentence with what to do; empty when all can be rotated.
  type: str
"""

from ..module_utils._secrets.rotation import rotation_problem


class FilterModule:
    def filters(self):
        return {"rotation_problem": rotation_problem}
