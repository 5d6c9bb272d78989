# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: update_plan
short_description: In which order hosts are brought up to date, and which of them reboot
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Hosts with nothing to do are left out. Those of O(last) come last, in their order.
options:
  _input:
    description: What M(izzzi.infra.os_update) returned, by the host's name.
    type: dict
    required: true
  reboot:
    description: V(auto) reboots where an update asks for it.
    type: str
    choices: [auto, always, never]
    default: auto
  members:
    description: The nodes of the Swarm. Of several, one that reboots or whose engine is upgraded is drained first.
    type: list
    elements: str
    default: []
  last:
    description: Hosts that come last, such as managers, and among these the leader.
    type: list
    elements: str
    default: []
  alone:
    description: Hosts whose visitors have no other one to go to.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Say what would be done
  ansible.builtin.debug:
    msg: "{{ (looks | izzzi.infra.update_plan('auto', ['worker', 'manager'], ['manager'])).lines }}"
"""

RETURN = r"""
_value:
  description: >-
    C(queue), the hosts with something to do; C(hosts), for each C(packages), C(reboots), C(drains) and
    C(may_drain); C(lines) for people.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._host.update_plan import UpdatePlan


def update_plan(looks, reboot="auto", members=(), last=(), alone=()):
    try:
        return UpdatePlan(reboot, list(members), list(last), list(alone)).of(looks)
    except (TypeError, KeyError, AttributeError) as error:
        raise AnsibleFilterError(f"update_plan: {error}") from error


class FilterModule:
    def filters(self):
        return {"update_plan": update_plan}
