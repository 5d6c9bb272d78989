# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: usage_problem
short_description: What is wrong with the -e variables of a playbook
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares variables with the usage line of a playbook, and gives one sentence with the usage, or an empty text.
  - In the line, what is optional stands in brackets. The word after C(=) says what fits. V(NUMBER) and V(SECONDS) are
    whole numbers, V(on|off) is a choice, V(NAME,NAME) takes several, V(ADDRESS) is a list of addresses and networks,
    V(WHEN) one word or a time, V(PATTERN) a text, V(EXPRESSION) one of JMESPath, V(COMMAND) a text or a list of words;
    any other is one word.
options:
  _input:
    description: Variables by name, also those that are not set, with an empty text.
    type: dict
    required: true
  usage:
    description: The command line after C(ansible-playbook playbooks/).
    type: str
    required: true
"""

EXAMPLES = r"""
# scale.yml: replicas is 'many', and must be a whole number. Usage: ...
- name: Check the arguments
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
  vars:
    usage: scale.yml -e service=NAME -e replicas=NUMBER
    problem: "{{ {'service': 'web', 'replicas': 'many'} | izzzi.infra.usage_problem(usage) }}"
"""

RETURN = r"""
_value:
  description: What is wrong, in one line.
  type: str
"""

from ..module_utils._app.usage import usage_problem


class FilterModule:
    def filters(self):
        return {"usage_problem": usage_problem}
