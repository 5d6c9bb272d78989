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
      - V(rotated) makes new join tokens, on a manager. The role rotates them once its hosts have joined.
    type: str
    choices: [observed, begun, joined, left, rotated]
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
    description: The join token of the role that the host shall have. Required to join, but not to check.
    type: str
  with_tokens:
    description:
      - Whether to return the join tokens too, on a manager. Always use C(no_log) then, because a token lets in anybody
        who reaches port 2377. Where there is no Swarm yet a check returns empty ones.
    type: bool
    default: false
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
    description: Shows the host's part in a Swarm before and after.
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
tokens:
  description: C(worker) and C(manager), what hosts join with.
  returned: with O(with_tokens)
  type: dict
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._swarm.cluster import member
from ..module_utils._swarm.engine import Engine, EngineError

STATES = ["observed", "begun", "joined", "left", "rotated"]
ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": STATES, "default": "observed"},
    "address": {"type": "str"},
    "managers": {"type": "list", "elements": "str", "default": []},
    "token": {"type": "str", "no_log": True},
    "with_tokens": {"type": "bool", "default": False, "no_log": False},
    "pools": {"type": "list", "elements": "str", "default": []},
    "pool_size": {"type": "int", "default": 24},
    "wait_timeout": {"type": "int", "default": 60},
}
REQUIRED = [("state", "begun", ["address", "pools"]), ("state", "joined", ["address", "managers"])]


def is_done(state: str, found: member.Member) -> bool:
    return state == "observed" or (state != "rotated" and (found.state == "inactive") == (state == "left"))


def act(engine: Engine, params: dict) -> None:
    state = params["state"]
    if state == "begun":
        member.begin(engine, params["address"], params["pools"], params["pool_size"])
    elif state == "joined":
        if not params["token"]:
            raise member.MemberError("token: it is empty. Read it on a manager, with with_tokens.")
        member.join(engine, params["address"], params["managers"], params["token"], params["wait_timeout"])
    elif state == "left":
        member.leave(engine)
    else:
        member.rotate_tokens(engine)


def tokens(engine: Engine, params: dict, check_mode: bool) -> dict:
    if not params["with_tokens"]:
        return {}
    try:
        return {"tokens": member.join_tokens(engine)}
    except EngineError:
        if not check_mode:
            raise
        return {"tokens": {"worker": "", "manager": ""}}


def run(engine: Engine, params: dict, check_mode: bool) -> dict:
    """Bring the state about, or say what would change."""
    found = member.observe(engine)
    if is_done(params["state"], found):
        return {"changed": False, "member": asdict(found), **tokens(engine, params, check_mode)}
    after = {"left": "inactive", "rotated": "new tokens"}.get(params["state"], f"member at {params['address']}")
    diff = {"before": f"Swarm: {found.state}\n", "after": f"Swarm: {after}\n"}
    if not check_mode:
        act(engine, params)
        found = member.observe(engine)
    return {"changed": True, "member": asdict(found), "diff": diff, **tokens(engine, params, check_mode)}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, required_if=REQUIRED, supports_check_mode=True)
    try:
        module.exit_json(**run(Engine(), module.params, module.check_mode))
    except (EngineError, member.MemberError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
