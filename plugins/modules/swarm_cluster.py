#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_cluster
short_description: Make the nodes of a Docker Swarm what is declared
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on a manager. Sets roles and labels of the members, and drains and removes nodes that are not wanted any more.
  - What to remove is decided by the filter P(izzzi.infra.swarm_plan#filter), which refuses what costs the majority.
  - Use the role C(swarm_cluster).
options:
  members:
    description:
      - The declared members by name, each with C(address) in the VPC, C(role) (V(manager) or V(worker)) and C(labels).
        Labels that are not declared are removed.
    type: dict
    default: {}
  remove:
    description: Ids of nodes to remove. Tasks of those that live are moved away first, each start-first.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: Seconds for each wait.
    type: int
    default: 180
attributes:
  check_mode:
    support: full
    description: Members that are yet to join are shown as they will be.
  diff_mode:
    support: full
    description: Shows the nodes before and after.
"""

EXAMPLES = r"""
- name: Label a node
  izzzi.infra.swarm_cluster:
    members:
      izzzi-production-manager:
        address: 10.20.0.2
        role: manager
        labels: {izzzi.data: "true"}
"""

RETURN = r"""
done:
  description: What was changed, in words.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._swarm.cluster.nodes import NodeChange, changes, shape
from ..module_utils._swarm.engine import Engine, EngineError
from ..module_utils._swarm.moves import NodeError, Nodes

ARGUMENT_SPEC = {
    "members": {"type": "dict", "default": {}},
    "remove": {"type": "list", "elements": "str", "default": []},
    "wait_timeout": {"type": "int", "default": 180},
}


def apply(nodes: Nodes, change: NodeChange) -> None:
    if change.labels is not None:
        nodes.update(change.id, Labels=change.labels)
    if change.role:
        nodes.set_role(change.id, change.role)
    if change.remove:
        node = next(node for node in nodes.nodes() if node.id == change.id)
        if node.is_ready and node.availability != "drain":
            with nodes.locked("swarm_cluster", f"removal of {node.name}"):
                nodes.drain(node)
        nodes.remove(node)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    nodes = Nodes(Engine(), params["wait_timeout"])
    try:
        found = nodes.nodes()
    except EngineError as error:
        if not module.check_mode:
            module.fail_json(msg=str(error))
        found = []  # the Swarm is yet to be begun
    todo = changes(found, params["members"], params["remove"])
    if not module.check_mode:
        try:
            for change in todo:
                apply(nodes, change)
        except (EngineError, NodeError) as error:
            module.fail_json(msg=str(error))
    before, after = shape(found), shape(found, params["members"], params["remove"])
    module.exit_json(
        changed=before != after, done=[str(change) for change in todo], diff={"before": before, "after": after}
    )


if __name__ == "__main__":
    main()
