#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_maintenance
short_description: Close an app in a Swarm to its visitors at one node's edge, or open it
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - While it is closed, the node's nginx answers 503 with C(Retry-After) and a page to all but the allow list. Run it on
    each node. A task of the edge that starts later on the node is closed, too; nginx tests the files before it reloads.
  - It works through a volume that the stack gives the edge. A node on which the edge never ran has nothing to close.
extends_documentation_fragment: [izzzi.infra.maintenance, izzzi.infra.who]
options:
  state:
    description:
      - V(present) closes the app, V(absent) opens it. V(removed) is for a node that the app has left.
      - V(leaving) lets a load balancer's check of O(health_path) fail while visitors are served, so that it sends
        nobody to a node that is about to be closed; V(staying) ends that.
    type: str
    choices: [present, absent, removed, leaving, staying]
    default: present
  health_path:
    description: For V(leaving), what the load balancer asks for. Nobody else should ask for it.
    type: str
    default: ''
attributes:
  check_mode:
    support: full
    description: Predicts the change.
  diff_mode:
    support: full
    description: Shows the names of the files.
"""

EXAMPLES = r"""
- name: Close the app on this node, but not for the office
  izzzi.infra.swarm_maintenance:
    project: izzzi
    allow: [203.0.113.0/28]
"""

RETURN = r"""
state:
  description: What it is now; V(none) on a node without an edge.
  returned: success
  type: str
  sample: present
was_closed:
  description: Whether the app was closed before.
  returned: success
  type: bool
  sample: false
was_closed_for:
  description: For what it was closed; empty when it was open, or when a person had closed it.
  returned: success
  type: str
  sample: restore
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.maintenance import ARGUMENTS, LOOPBACK, closed_for, leave, outcome, switch
from ..module_utils._app.program import CommandError
from ..module_utils._swarm.node_edge import MOUNTED, find, own_addresses, remove
from ..module_utils._swarm.service import EDGE_FILES

STATE = {"type": "str", "choices": ["present", "absent", "removed", "leaving", "staying"], "default": "present"}
ARGUMENT_SPEC = {**ARGUMENTS, "state": STATE, "health_path": {"type": "str", "default": ""}}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        edge = find(module.params["project"])
        if edge is None:
            module.exit_json(changed=False, state="none", was_closed=False, was_closed_for="")
        closed = closed_for(edge)
        was = {"was_closed": closed is not None, "was_closed_for": closed or ""}
        if module.params["state"] in ("leaving", "staying"):
            leaves = module.params["state"] == "leaving"
            module.exit_json(**leave(edge, module.params["health_path"], leaves, module.check_mode), **was)
        if module.params["state"] == "removed":
            if not module.check_mode:
                remove(module.params["project"])
            module.exit_json(changed=True, state="removed", **was)
        own = [*LOOPBACK, *own_addresses()]
        noted, place = outcome(module.params, module.check_mode), MOUNTED[EDGE_FILES]
        module.exit_json(**noted.of(lambda: switch(edge, module.params, module.check_mode, place, own)))
    except (CommandError, ValueError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
