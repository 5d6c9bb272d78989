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
options:
  project:
    description: Name of the app.
    type: str
    required: true
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
  allow:
    description: Addresses and networks for which it stays open.
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
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.maintenance import BACK_SOON, OPEN, PAGE, files
from ..module_utils._app.program import CommandError
from ..module_utils._compose.project import Edge

ARGUMENT_SPEC = {
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "edge_directory": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "allow": {"type": "list", "elements": "str", "default": []},
    "retry_after": {"type": "int", "default": 300},
    "page": {"type": "str", "default": BACK_SOON},
}


def wanted(params: dict) -> dict[str, str | None]:
    """Return the edge's files, None for those that must not be there."""
    if params["state"] == "absent":
        return OPEN
    token = (Path(params["directory"]) / "edge-token").read_text(encoding="utf-8").strip()
    return files(
        params["project"], params["allow"], params["retry_after"], params["page"], params["edge_directory"], token
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    edge = Edge(Path(params["edge_directory"]))
    try:
        closed = wanted(params)
        changes = edge.differences(closed)
        if changes and not module.check_mode:
            edge.switch(closed)
            page = edge.directory / PAGE
            if page.exists():
                page.chmod(0o644)  # nginx's workers read it; the other files are for its master alone
    except FileNotFoundError:
        module.fail_json(msg=f"{params['directory']} has no release yet: deploy the app before it can be closed.")
    except (CommandError, ValueError) as error:
        module.fail_json(msg=str(error))
    before = "".join(f"{name}\n" for name, (text, _after) in sorted(changes.items()) if text)
    after = "".join(f"{name}\n" for name, (_before, text) in sorted(changes.items()) if text)
    header = {"before_header": str(edge.directory), "after_header": str(edge.directory)}
    module.exit_json(changed=bool(changes), state=params["state"], diff={**header, "before": before, "after": after})


if __name__ == "__main__":
    main()
