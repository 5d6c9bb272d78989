# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: plan_text
short_description: Show the plan of an environment to people
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Makes a text of the result of M(izzzi.infra.environment#module). Each resource that changes is a line, with C(+) to
    create, C(~) to change, C(-/+) to replace and C(-) to delete, and below it each field, before and after. What is the
    environment's, is not declared and stays has C(!), with what it costs each month and why it stays.
  - The last line is the monthly cost, now and then.
options:
  _input:
    description: The module's result, or the file that C(playbooks/plan.yml) saved.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ environment | izzzi.infra.plan_text }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ..module_utils._cloud import plan_text as cloud_plan_text


def plan_text(value):
    if not isinstance(value, Mapping) or not {"plan", "monthly_cost"} <= set(value):
        raise AnsibleFilterError("plan_text: it takes the result of izzzi.infra.environment (plan, monthly_cost).")
    return cloud_plan_text.plan_text(value)


class FilterModule:
    def filters(self):
        return {"plan_text": plan_text}
