# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: find_rule_problems
short_description: What is wrong with rules of the host firewall
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Names what nft would refuse, or understand otherwise than it is meant, in rules of the role
    P(izzzi.infra.base#role). With O(port) and O(address) it also says when that address could not reach the TCP port.
options:
  _input:
    description: The rules.
    type: list
    required: true
  port:
    description: The port of SSH.
    type: int
    default: 22
  address:
    description: Who must be able to reach it. Without one nobody in particular.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Refuse rules that lock this controller out
  ansible.builtin.assert:
    that: "base_firewall_rules | izzzi.infra.find_rule_problems(port=22, address='203.0.113.7') | length == 0"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from ..module_utils._host.firewall_rules import admits, problems


def find_rule_problems(rules, port=22, address=""):
    found = problems(rules)
    if not found and not admits(rules, int(port), address):
        found = [f"no rule lets TCP port {port} in from {address}, where this login comes from."]
    return found


class FilterModule:
    def filters(self):
        return {"find_rule_problems": find_rule_problems}
