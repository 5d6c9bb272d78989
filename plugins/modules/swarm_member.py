#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_member
short_description: Make a host's engine begin, join or leave a Docker Swarm
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Speaks to the engine over its Unix socket, so that no token is ever an argument of a process.
  - What is to be done is decided by the filter P(izzzi.infra.swarm_plan#filter) from what all hosts observe. Use the
    role C(swarm_cluster).
options:
  state:
    description:
      - V(observed) changes nothing.
      - V(begun) begins a Swarm. V(joined) joins one. An engine that is a member stays what it is.
      - V(left) leaves, also by force.
    type: str
    choices: [observed, begun, joined, left]
    default: observed
  address:
    description: The host's own address in the VPC. Required to begin or join.
    type: str
  managers:
    description: Addresses of managers. Required to join.
    type: list
    elements: str
    default: []
  token:
    description: The join token, from M(izzzi.infra.swarm_token). Required to join, but not to check.
    type: str
  pools:
    description: Networks from which overlay networks are taken. Required to begin; they cannot change later.
    type: list
    elements: str
    default: []
  pool_size:
    description: Prefix length of one overlay network.
    type: int
    default: 24
  wait_timeout:
    description: Seconds until a joining engine must be a member.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description: On a host without an engine too.
  diff_mode:
    support: full
"""

EXAMPLES = r"""
- name: Begin a Swarm
  izzzi.infra.swarm_member:
    state: begun
    address: 10.20.0.2
    pools: [172.16.0.0/16]
"""

RETURN = r"""
member:
  description:
    - What the engine says of itself, without any token. C(state) is C(inactive), C(pending), C(active), C(error) or
      C(locked); C(nodes) is a list on managers.
  returned: success
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._swarm.cluster import member
from ..module_utils._swarm.engine import Engine, EngineError

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["observed", "begun", "joined", "left"], "default": "observed"},
    "address": {"type": "str"},
    "managers": {"type": "list", "elements": "str", "default": []},
    "token": {"type": "str", "no_log": True},
    "pools": {"type": "list", "elements": "str", "default": []},
    "pool_size": {"type": "int", "default": 24},
    "wait_timeout": {"type": "int", "default": 60},
}
REQUIRED = [("state", "begun", ["address", "pools"]), ("state", "joined", ["address", "managers"])]


def is_done(state: str, found: dict) -> bool:
    return state == "observed" or (found["state"] == "inactive") == (state == "left")


def act(engine: Engine, params: dict) -> None:
    if params["state"] == "begun":
        member.begin(engine, params["address"], params["pools"], params["pool_size"])
    elif params["state"] == "joined":
        if not params["token"]:
            raise member.MemberError("token: it is empty. Read it on a manager with izzzi.infra.swarm_token.")
        member.join(engine, params["address"], params["managers"], params["token"], params["wait_timeout"])
    else:
        member.leave(engine)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED, supports_check_mode=True)
    state = module.params["state"]
    engine = Engine()
    try:
        found = member.observe(engine)
        if is_done(state, found):
            module.exit_json(changed=False, member=found)
        after = "inactive" if state == "left" else f"member at {module.params['address']}"
        diff = {"before": f"Swarm: {found['state']}\n", "after": f"Swarm: {after}\n"}
        if not module.check_mode:
            act(engine, module.params)
            found = member.observe(engine)
    except (EngineError, member.MemberError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=True, member=found, diff=diff)


if __name__ == "__main__":
    main()
