#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_node
short_description: Close, open or remove a node of a Docker Swarm without a pause for its services
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on a manager. A plain C(docker node update --availability drain) stops tasks first and starts their successors
    afterwards. Here every task first gets a successor that is running and healthy on another node. Only then the node
    is drained.
  - Whatever fails in between is undone, and a killed run is put right by the next one.
extends_documentation_fragment: [izzzi.infra.who]
options:
  node:
    description: >-
      Host name, id or address of the node. Required, but for V(balanced), V(data), and V(active) with a O(purpose).
    type: str
    default: ''
  state:
    description:
      - V(drained) moves the tasks away and closes the node. V(active) opens it and waits for what belongs there.
      - V(absent) drains it and removes it from the Swarm, unless that costs the majority of managers. A node that does
        not answer is removed as it is, and one that there is not is no change.
      - V(balanced) makes tasks of services that are unevenly spread anew, each start-first.
      - V(data) gives the node the label of the data, so that data services start there with empty volumes, after the
        node that had it is lost. Without O(node) a node is chosen. It is refused while the one that has it answers.
    type: str
    choices: [drained, active, absent, balanced, data]
    required: true
  data_label:
    description: The label of the node that keeps data.
    type: str
    default: izzzi.data
  stop:
    description: Services that may stand still, because they cannot leave the node.
    type: list
    elements: str
    default: []
  purpose:
    description:
      - With V(drained), what the node is closed for, for a while. A label of the node says so, and V(active) takes it
        away.
      - Nothing is done before all other nodes are there and open and every service has its tasks, so that no two nodes
        are ever closed for a while at once. A node that is closed for the same purpose already is no change.
      - With V(active) and without O(node), every node is opened that is closed for this purpose, as by a run that was
        killed.
    type: str
    default: ''
  wait_timeout:
    description: Seconds for each wait.
    type: int
    default: 180
  owner:
    description: Who holds the apps' locks meanwhile, so that none is deployed while its tasks move.
    type: str
    default: somebody
  lock_wait:
    description: Seconds to wait for a lock that a deploy holds.
    type: int
    default: 0
attributes:
  check_mode:
    support: full
    description: Says what would move, what would stop, and fails on what blocks.
  diff_mode:
    support: full
    description: Shows whether nodes take tasks, before and after.
"""

EXAMPLES = r"""
- name: Close a node
  izzzi.infra.swarm_node:
    node: izzzi-production-worker-2
    state: drained
"""

RETURN = r"""
moves:
  description: Services whose tasks move, or moved.
  returned: success
  type: list
  elements: str
stops:
  description: Services that run on every node and so stop on this one.
  returned: success
  type: list
  elements: str
blocked:
  description: Services that cannot leave, with the reason. They stood in O(stop).
  returned: success
  type: dict
uneven:
  description: For V(balanced), services that are still unevenly spread, with the difference in tasks.
  returned: success
  type: dict
recovered:
  description: Services that a killed run had left half-moved.
  returned: success
  type: list
  elements: str
events:
  description: The same in lines for people.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.history import SERVER
from ..module_utils._app.outcome import Outcome
from ..module_utils._swarm import moves
from ..module_utils._swarm.cluster import data_home
from ..module_utils._swarm.cluster.node_change import events
from ..module_utils._swarm.engine import Engine, EngineError
from ..module_utils._swarm.labels import CLOSED
from ..module_utils._swarm.moves import NodeError, Nodes
from ..module_utils._swarm.node import Node, loss_of_quorum
from ..module_utils._swarm.placement import name_of
from ..module_utils._swarm.wellness import away

ARGUMENT_SPEC = {
    "node": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["drained", "active", "absent", "balanced", "data"], "required": True},
    "data_label": {"type": "str", "default": "izzzi.data"},
    "stop": {"type": "list", "elements": "str", "default": []},
    "purpose": {"type": "str", "default": ""},
    "wait_timeout": {"type": "int", "default": 180},
    "owner": {"type": "str", "default": "somebody"},
    "lock_wait": {"type": "int", "default": 0},
    "who": {"type": "dict", "default": {}},
}
NOTHING = {**moves.NOTHING, "uneven": {}}


def balanced(nodes: Nodes, _params: dict, check_mode: bool) -> dict:
    uneven = [name_of(service) for service in nodes.uneven()]
    result = {**NOTHING, "moves": uneven, "changed": bool(uneven)}
    return result if check_mode else {**result, "uneven": nodes.spread()}


def drain(nodes: Nodes, node: Node, params: dict, check_mode: bool) -> dict:
    if params["purpose"]:
        nodes.others_are_well(node, params["purpose"] if check_mode else "")
    impact = nodes.drain_impact(node)
    moves.refuse_blocked(node, impact["blocked"], params["stop"])
    if not check_mode:
        nodes.drain(node, params["stop"], params["purpose"])
    return impact


def absent(nodes: Nodes, params: dict, check_mode: bool) -> dict:
    listed = nodes.nodes()
    if not moves.named(listed, params["node"]):
        return {**NOTHING, "changed": False}
    node = moves.find(listed, params["node"])
    if lost := loss_of_quorum(listed, [node.id]):
        raise NodeError(lost)
    result = NOTHING
    if node.availability != "drain":
        result = {**NOTHING, **drain(nodes, node, params, check_mode or not node.is_ready)}
    if not check_mode:
        nodes.remove(node)
    return {**result, **changed(node, "removed")}


def drained(nodes: Nodes, params: dict, check_mode: bool) -> dict:
    node = moves.find(nodes.nodes(), params["node"])
    if node.availability == "drain":
        if params["purpose"] and node.labels.get(CLOSED) != params["purpose"]:
            raise NodeError(f"{away(node)}. Whoever closed it opens it again: activate.yml -e node={node.name}.")
        return {**NOTHING, "changed": False}
    return {**NOTHING, **drain(nodes, node, params, check_mode), **changed(node, "drain")}


def active(nodes: Nodes, params: dict, check_mode: bool) -> dict:
    listed = nodes.nodes()
    if params["node"]:
        chosen = [moves.find(listed, params["node"])]
    else:
        chosen = [node for node in listed if node.labels.get(CLOSED) == params["purpose"]]
        params["node"] = ", ".join(node.name for node in chosen)  # which is told
    closed = [node for node in chosen if node.availability != "active"]
    for node in closed if not check_mode else ():
        nodes.activate(node)
    diff = [changed(node, "active")["diff"] for node in closed]
    return {
        **NOTHING,
        "changed": bool(closed),
        "diff": {side: "".join(d[side] for d in diff) for side in ("before", "after")},
    }


def data(nodes: Nodes, params: dict, check_mode: bool) -> dict:
    listed = nodes.nodes()
    home = data_home.choose(listed, params["node"], params["data_label"])
    params["node"] = home.name  # which is told
    wanted = data_home.labels(listed, home, params["data_label"])
    for identity, labels in wanted.items() if not check_mode else ():
        nodes.update(identity, Labels=labels)
    return {**NOTHING, "changed": bool(wanted)}


def changed(node: Node, after: str) -> dict:
    diff = {"before": f"{node.name}: {node.availability}\n", "after": f"{node.name}: {after}\n"}
    return {"changed": True, "diff": diff}


# What brings each state about, or says what would.
STATES = {"drained": drained, "active": active, "absent": absent, "balanced": balanced, "data": data}


def run(nodes: Nodes, params: dict, check_mode: bool) -> tuple[list[str], dict]:
    change = STATES[params["state"]]
    if check_mode:
        return [], change(nodes, params, check_mode)
    with nodes.locked(params["owner"], f"node {params['node']} {params['state']}", params["lock_wait"]):
        return nodes.recover(), change(nodes, params, check_mode)


def main() -> None:
    states = [("state", state, ["node"]) for state in ("drained", "absent")]
    states.append(("state", "active", ["node", "purpose"], True))
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=states, supports_check_mode=True)
    params, check_mode = module.params, module.check_mode
    nodes = Nodes(Engine(), params["wait_timeout"])
    what = f"{params['node']} {params['state']}".strip()

    def act() -> dict:
        recovered, result = run(nodes, params, check_mode)
        told = events(params["node"], params["state"], recovered, result)
        return {**result, "changed": result["changed"] or bool(recovered), "recovered": recovered, "events": told}

    try:
        result = Outcome(params["who"], SERVER, "node", what, writes=not check_mode).of(act)
    except (EngineError, NodeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
