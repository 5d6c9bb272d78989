# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: find_key_problems
short_description: What is wrong with public keys
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Reads public keys as lines of C(authorized_keys) and names those that must not be let in, with the reason and the
    way out. Such are malformed ones, private ones, DSA, and RSA of fewer than 3072 bits.
options:
  _input:
    description: The keys.
    type: list
    required: true
"""

EXAMPLES = r"""
- name: Refuse keys that would let nobody in, or anybody
  ansible.builtin.assert:
    that: keys | izzzi.infra.find_key_problems | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each unfit key.
  type: list
  elements: str
"""

from ..module_utils._host.ssh_keys import problems


def find_key_problems(keys):
    return problems(keys)


class FilterModule:
    def filters(self):
        return {"find_key_problems": find_key_problems}
