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
options:
  project:
    description: Name of the app.
    type: str
    required: true
  state:
    description: V(present) closes the app, V(absent) opens it.
    type: str
    choices: [present, absent]
    default: present
  allow:
    description: Addresses and networks for which it stays open. The node itself is always among them.
    type: list
    elements: str
    default: []
  retry_after:
    description: Seconds after which clients may ask again.
    type: int
    default: 300
  page:
    description: The HTML that visitors see.
    type: str
    default: >-
      <!doctype html><meta charset="utf-8"><title>Back soon</title><h1>Back soon</h1><p>We are working on it.</p>
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
closed:
  description: Whether the app was closed on this node before.
  returned: success
  type: bool
  sample: false
state:
  description: What it is now; V(none) on a node without an edge.
  returned: success
  type: str
  sample: present
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.maintenance import BACK_SOON, OPEN, PAGE, SERVER, files
from ..module_utils._app.program import CommandError
from ..module_utils._swarm.node_edge import MOUNTED, NodeEdge, find, own_addresses

ARGUMENT_SPEC = {
    "project": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow": {"type": "list", "elements": "str", "default": []},
    "retry_after": {"type": "int", "default": 300},
    "page": {"type": "str", "default": BACK_SOON},
}


def switch(edge: NodeEdge, params: dict, check_mode: bool) -> dict:
    """Close or open a node's edge. Return the module's result."""
    wanted, is_closed = OPEN, edge.read(SERVER) is not None
    if params["state"] == "present":
        allow = [*own_addresses(), *params["allow"]]
        wanted = files(params["project"], allow, params["retry_after"], params["page"], MOUNTED)
    changes = edge.differences(wanted)
    if changes and not check_mode:
        edge.switch(wanted)
        page = edge.directory / PAGE
        if page.exists():
            page.chmod(0o644)  # nginx's workers read it; the other files are for its master alone
    before = "".join(f"{name}\n" for name, (text, _after) in sorted(changes.items()) if text)
    after = "".join(f"{name}\n" for name, (_before, text) in sorted(changes.items()) if text)
    header = {"before_header": str(edge.directory), "after_header": str(edge.directory)}
    told = {"closed": is_closed, "diff": {**header, "before": before, "after": after}}
    return {"changed": bool(changes), "state": params["state"], **told}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        edge = find(module.params["project"])
        if edge is None:
            module.exit_json(changed=False, state="none", closed=False)
        module.exit_json(**switch(edge, module.params, module.check_mode))
    except (CommandError, ValueError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
