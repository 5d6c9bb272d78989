# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: node_change
short_description: Which manager changes a node of a Swarm, and why it may not
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Any manager of a Swarm with a majority can do it, but rather one that stays.
  - A node that goes (V(absent)) is made anew. What is not a member, has the registry or keeps data is refused.
options:
  _input:
    description: What M(izzzi.infra.swarm_member) returned, by the host's name; nothing of a host that was away.
    type: dict
    required: true
  node:
    description: The node's name.
    type: str
    default: ''
  state:
    description: What it is to become, as for M(izzzi.infra.swarm_node).
    type: str
    default: balanced
  members:
    description: Names of all members.
    type: list
    elements: str
    default: []
  registry:
    description: The member with the registry.
    type: str
    default: ''
  data_label:
    description: The label of the node that keeps data.
    type: str
    default: izzzi.data
"""

EXAMPLES = r"""
- name: Close a node
  izzzi.infra.swarm_node: {node: worker-2, state: drained}
  when: inventory_hostname == (looks | izzzi.infra.node_change('worker-2', 'drained')).acting_manager
"""

RETURN = r"""
_value:
  description: C(acting_manager), the host, and C(problem), a sentence or empty.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._swarm.cluster.node_change import NodeChange


def node_change(looks, node="", state="balanced", members=(), registry="", data_label="izzzi.data"):
    try:
        return NodeChange(node, state, tuple(members), registry, data_label).plan(looks)
    except (TypeError, KeyError, AttributeError) as error:
        raise AnsibleFilterError(f"node_change: {error}") from error


class FilterModule:
    def filters(self):
        return {"node_change": node_change}
