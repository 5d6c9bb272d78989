#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: ci_door
short_description: Let one address use SSH on an environment's droplets until a time
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - For runs of CI, which have no fixed address. A door is a tag of the environment's droplets, which says an address
    and an end, and a cloud firewall that lets this address in to droplets with that tag.
  - Hosts of the role base with C(base_ssh_door_prefix) read their tags from the metadata service, and let the address
    in until the end, which the kernel keeps. A run that is cut off leaves no way in.
  - Doors that are over are deleted by every call, and by M(izzzi.infra.environment).
extends_documentation_fragment: [izzzi.infra.api]
options:
  environment:
    description: Which environment of the project.
    type: str
    required: true
  state:
    description:
      - V(open) makes a door for O(address). One that is open for at least half of O(minutes) stays.
      - V(closed) deletes the doors of O(address).
    type: str
    choices: [open, closed]
    required: true
  address:
    description:
      - The address that SSH connections come from. Empty asks O(address_url).
      - V(all) closes every door of the environment.
    type: str
    default: ''
  address_url:
    description: Where a GET is answered with the address that it comes from, as text.
    type: str
    default: https://checkip.amazonaws.com
  minutes:
    description: How long the door stays open, from 1 to 180 minutes.
    type: int
    default: 60
  port:
    description: The port of SSH on the droplets.
    type: int
    default: 22
attributes:
  check_mode:
    support: full
    description: Says what would be opened or closed.
"""

EXAMPLES = r"""
- name: Let this machine use SSH for an hour
  izzzi.infra.ci_door:
    api_token: "{{ provision_api_token }}"
    project: izzzi
    environment: production
    state: open
  delegate_to: localhost
"""

RETURN = r"""
address:
  description: The address of the door, or V(all).
  returned: success
  type: str
  sample: 203.0.113.7
until:
  description: When the door closes by itself. Empty when O(state=closed).
  returned: success
  type: str
  sample: 2026-11-29 20:30 UTC
closed:
  description: The doors that were deleted, or would be.
  returned: success
  type: list
  elements: dict
  sample: [{address: 203.0.113.9, until: 2026-11-29 18:00 UTC}]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.urls import fetch_url

from ..module_utils._cloud import arguments
from ..module_utils._cloud import door as doors
from ..module_utils._cloud.arguments import API, connect
from ..module_utils._cloud.client import ApiError
from ..module_utils._cloud.doors import Doors, kept
from ..module_utils._cloud.names import Names
from ..module_utils._cloud.plan import Problems

ARGUMENT_SPEC = {
    **API,
    "environment": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["open", "closed"], "required": True},
    "address": {"type": "str", "default": ""},
    "address_url": {"type": "str", "default": "https://checkip.amazonaws.com"},
    "minutes": {"type": "int", "default": 60},
    "port": {"type": "int", "default": 22},
}
ALL = "all"


def caller(module: AnsibleModule) -> str:
    """Return the address of the door, asked for when none is given."""
    given, url = module.params["address"].strip(), module.params["address_url"]
    if given == ALL and module.params["state"] == "closed":
        return ALL
    if not given:
        reply, info = fetch_url(module, url, timeout=10, headers={"Accept": "text/plain"})
        if info["status"] != 200 or reply is None:
            module.fail_json(
                msg=f"{url} does not tell this machine's address: {info['msg']}. Give it: -e address=ADDRESS."
            )
        given = reply.read(100).decode("ascii", "replace").strip()
    if problem := doors.address_problem(given):
        module.fail_json(msg=problem)
    return given


def converge(found: list[doors.Found], make: Doors, module: AnsibleModule) -> dict:
    """Open or close, and return what is told of it."""
    p, now = module.params, time.time()
    is_open, address = p["state"] == "open", caller(module)
    stays = kept(found, address, now, p["minutes"] * 30) if is_open else None
    new = doors.Door(address, int(now) + p["minutes"] * 60) if is_open and not stays else None
    over = [
        one
        for one in found
        if one is not stays and (one.door.is_over(now) or one.door.address == address or address == ALL)
    ]
    if not module.check_mode:
        if new:
            make.open(new, p["port"])
        for one in over:
            make.close(one)
    door = new or (stays and stays.door)
    return {
        "changed": bool(new or over),
        "address": address,
        "until": door.end if door else "",
        "closed": [{"address": one.door.address, "until": one.door.end} for one in over],
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    p = module.params
    bad = arguments.problems(p)
    if not 1 <= p["minutes"] <= doors.LONGEST:
        bad.append(f"minutes: {p['minutes']} is not from 1 to {doors.LONGEST}.")
    if bad:
        module.fail_json(msg=" ".join(bad))
    try:
        make = Doors(connect(p), Names(p["project"], p["environment"]))
        result = converge(make.find(), make, module)
    except (ApiError, Problems) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
