# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: saved_plan_problem
short_description: What is wrong with a plan that was saved
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives one sentence about a file of C(playbooks/plan.yml -e plan_file=FILE) that is not JSON, of another version, not
    whole, or a plan of another environment; or an empty text.
options:
  _input:
    description: The file's content.
    type: str
    required: true
  path:
    description: Where it is, for the sentence.
    type: str
    required: true
  environment:
    description: Project and environment that it must be a plan of, such as V(izzzi-staging). By default any.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Check the plan
  ansible.builtin.assert:
    that: problem == ''
    fail_msg: "{{ problem }}"
  vars:
    problem: "{{ lookup('ansible.builtin.file', 'plan.json') | izzzi.infra.saved_plan_problem('plan.json') }}"
"""

RETURN = r"""
_value:
  description: What is wrong, in one line.
  type: str
"""

from ..module_utils._cloud import saved_plan


class FilterModule:
    def filters(self):
        return {"saved_plan_problem": saved_plan.problem}
