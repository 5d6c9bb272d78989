# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: swarm_plan
short_description: What has to happen so that a Swarm has the declared members
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares what the hosts' engines say of themselves with the declared members. Nothing may be done while the result
    has problems; they include every step that would cost the Swarm its majority of managers.
options:
  _input:
    description: What M(izzzi.infra.swarm_member) returned as C(member), by the host's name.
    type: dict
    required: true
  managers:
    description: Names of the managers with their addresses in the VPC. 1, 3 or 5.
    type: dict
    required: true
  workers:
    description: The same of the workers.
    type: dict
    default: {}
  pools:
    description: Networks from which overlay networks are taken.
    type: list
    elements: str
    required: true
  pool_size:
    description: Prefix length of one overlay network.
    type: int
    default: 24
  reserved:
    description: Networks that the pools may not touch, such as the VPC's range.
    type: list
    elements: str
    default: []
  labels:
    description: Labels of members, by their names.
    type: dict
    default: {}
  data_node:
    description: The member that holds the data. By default the one that has the label, or else the first manager.
    type: str
    default: ''
  data_label:
    description: The label of that node.
    type: str
    default: izzzi.data
  move_data:
    description: Consent to give the label to another node, or to remove the node that has it.
    type: bool
    default: false
  checking:
    description: Whether the run only checks. Then what an earlier role would set right is no problem.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Stop when the Swarm would be harmed
  ansible.builtin.assert:
    that: plan.problems == []
    fail_msg: "{{ plan.problems | join('\n') }}"
  vars:
    plan: >-
      {{ {'m1': member.member} | izzzi.infra.swarm_plan(managers={'m1': '10.20.0.2'}, pools=['172.16.0.0/16']) }}
"""

RETURN = r"""
_value:
  description:
    - C(problems) and C(steps) in words; C(founder), C(acting_manager) (the one that applies changes of nodes), C(join)
      (roles by name), C(leave) (names), C(dead) and C(remove) (node ids), and C(members) for
      M(izzzi.infra.swarm_cluster).
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._swarm.cluster.declared import Declared
from ..module_utils._swarm.cluster.plan import plan


def swarm_plan(observed, **declared):
    defaults = {"workers": {}, "pool_size": 24}
    try:
        return plan(Declared(**{**defaults, **declared}), observed)
    except (TypeError, KeyError, AttributeError) as error:
        raise AnsibleFilterError(f"swarm_plan: {error}") from error


class FilterModule:
    def filters(self):
        return {"swarm_plan": swarm_plan}
