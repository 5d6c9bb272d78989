#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_node_images
short_description: Give a node of a Docker Swarm an app's images, and remove those that nobody needs any more
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on every node. Swarm pulls an image when a task starts, from a registry that may be away just then. A node
    that has the images can take the tasks of one that was lost.
options:
  pull:
    description: References by digest that the node shall have.
    type: list
    elements: str
    default: []
  keep:
    description: References by digest that stay if the node has them, beside O(pull).
    type: list
    elements: str
    default: []
  prefix:
    description:
      - How the names of the app's own images begin, as V(host:port/project/). Of these, images that are neither in
        O(pull) nor in O(keep) and that no container uses are removed. Without it none is.
    type: str
    default: ''
  age:
    description: Seconds that an image must be old to be removed. A young one may belong to a release in the making.
    type: int
    default: 3600
attributes:
  check_mode:
    support: full
    description: Says which images would be pulled and removed.
  diff_mode:
    support: none
    description: RV(pulled) and RV(removed) say it.
"""

EXAMPLES = r"""
- name: Give the node the release's images
  izzzi.infra.swarm_node_images:
    pull: "{{ swarm_stack_images.pull }}"
    keep: "{{ swarm_stack_images.keep }}"
    prefix: 10.20.0.2:5000/izzzi/
"""

RETURN = r"""
pulled:
  description: What the node did not have.
  returned: success
  type: list
  elements: str
removed:
  description: Ids of the images that were removed.
  returned: success
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.program import CommandError
from ..module_utils._swarm.engine import Engine, EngineError, Unavailable
from ..module_utils._swarm.stack.images import provide

ARGUMENT_SPEC = {
    "pull": {"type": "list", "elements": "str", "default": []},
    "keep": {"type": "list", "elements": "str", "default": []},
    "prefix": {"type": "str", "default": ""},
    "age": {"type": "int", "default": 3600},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**provide(Engine(), check_mode=module.check_mode, **module.params))
    except Unavailable as error:
        # The release is live without this node, as it is when the whole node is away.
        module.warn(f"{error} The node gets its images when it is back and gets a task, or by the next deploy.")
        module.exit_json(changed=False, pulled=[], removed=[])
    except (EngineError, CommandError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
