# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: secret_problems
short_description: Find placeholders and weak values among secrets
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Looks at each value whose name sounds secret (C(password), C(key), C(token), ...), at URLs with a password, and at
    all names in O(declared). It finds placeholders of guides (C(CHANGE_ME), C(YOUR_KEY_HERE), C(sk_test_...)),
    defaults that everybody tries first (C(izzzi:izzzi)), short and repetitive values.
  - It returns names and reasons, never values.
options:
  _input:
    description: Values by name.
    type: dict
    required: true
  declared:
    description: Names that are secrets for certain, each with options; C(minimum) is the length it must have.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# {'JWT_SECRET': 'is a placeholder'}
- name: Stop for secrets that are none
  ansible.builtin.assert:
    that: "{'JWT_SECRET': 'CHANGE_ME_PLEASE'} | izzzi.infra.secret_problems | length == 0"
"""

RETURN = r"""
_value:
  description: The reason by name.
  type: dict
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ..module_utils._secrets.strength import find_weak


def secret_problems(values, declared=None):
    if not isinstance(values, Mapping):
        raise AnsibleFilterError(f"secret_problems: it needs a dictionary, not {type(values).__name__}.")
    return find_weak(values, declared)


class FilterModule:
    def filters(self):
        return {"secret_problems": secret_problems}
