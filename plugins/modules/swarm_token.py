#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_token
short_description: Read the tokens with which hosts join a Docker Swarm, or make them worthless
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on a manager. Always use C(no_log), because a token lets anybody in who reaches port 2377.
  - The role C(swarm_cluster) rotates the tokens once its hosts have joined; members are not affected by that.
options:
  state:
    description: V(read) returns the tokens. V(rotated) makes new ones and returns nothing.
    type: str
    choices: [read, rotated]
    default: read
attributes:
  check_mode:
    support: full
    description: Where there is no Swarm yet it returns empty tokens.
  diff_mode:
    support: none
    description: Tokens are never shown.
"""

EXAMPLES = r"""
- name: Read the tokens
  izzzi.infra.swarm_token:
  no_log: true
  register: token
"""

RETURN = r"""
worker:
  description: What a worker joins with.
  returned: when read
  type: str
manager:
  description: What a manager joins with.
  returned: when read
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._swarm.engine import Engine, EngineError

ARGUMENT_SPEC = {"state": {"type": "str", "choices": ["read", "rotated"], "default": "read"}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    engine = Engine()
    try:
        if module.params["state"] == "rotated":
            if not module.check_mode:
                rotate(engine)
            module.exit_json(changed=True)
        tokens = engine.get("/swarm")["JoinTokens"]
        module.exit_json(changed=False, worker=tokens["Worker"], manager=tokens["Manager"])
    except EngineError as error:
        if module.check_mode:
            module.exit_json(changed=False, worker="", manager="")
        module.fail_json(msg=str(error))


def rotate(engine: Engine) -> None:
    swarm = engine.get("/swarm")
    query = {"version": swarm["Version"]["Index"], "rotateWorkerToken": True, "rotateManagerToken": True}
    engine.post("/swarm/update", swarm["Spec"], **query)


if __name__ == "__main__":
    main()
