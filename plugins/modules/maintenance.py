#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: maintenance
short_description: Close an app to its visitors at the edge, or open it
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - While it is closed, nginx answers 503 with C(Retry-After) and a page to all but the allow list and the checks of a
    release. It works through the files that the app's site includes; nginx tests them before it reloads.
extends_documentation_fragment: [izzzi.infra.maintenance, izzzi.infra.who]
options:
  directory:
    description: The app's directory on the host.
    type: path
    required: true
  edge_directory:
    description: Where nginx includes the app's files from.
    type: path
    required: true
  state:
    description: V(present) closes the app, V(absent) opens it.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    support: full
    description: Predicts the change.
  diff_mode:
    support: full
    description: Shows the names of the files.
"""

EXAMPLES = r"""
- name: Close the app, but not for the office
  izzzi.infra.maintenance:
    project: izzzi
    directory: /opt/izzzi
    edge_directory: /etc/nginx/izzzi/izzzi
    allow: [203.0.113.0/28]
"""

RETURN = r"""
state:
  description: What it is now.
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

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.maintenance import ARGUMENTS, outcome, switch
from ..module_utils._app.program import CommandError
from ..module_utils._compose.project import Edge

ARGUMENT_SPEC = {
    **ARGUMENTS,
    "directory": {"type": "path", "required": True},
    "edge_directory": {"type": "path", "required": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params, token = module.params, ""
    try:
        if params["state"] == "present":
            token = (Path(params["directory"]) / "edge-token").read_text(encoding="utf-8").strip()
        place, check_mode = params["edge_directory"], module.check_mode
        edge = Edge(Path(place))
        result = outcome(params, check_mode).of(lambda: switch(edge, params, check_mode, place, token=token))
        module.exit_json(**result)
    except FileNotFoundError:
        module.fail_json(msg=f"{params['directory']} has no release yet: deploy the app before it can be closed.")
    except (CommandError, ValueError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
