#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: cloud_exposure
short_description: Compare the cloud firewalls that apply to an environment's droplets with the declared ones
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Reads all firewalls of the account, those made by hand included, works out what they let in to each droplet of the
    environment, and says where that is more or less than declared.
extends_documentation_fragment: [izzzi.infra.attributes.read_only, izzzi.infra.api]
options:
  environment:
    description: Which environment of the project.
    type: str
    required: true
  reach:
    description: The rows C(cloud) of P(izzzi.infra.exposure#filter).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Compare the account's firewalls with the declared ones
  izzzi.infra.cloud_exposure:
    api_token: "{{ provision_api_token }}"
    project: izzzi
    environment: production
    reach: "{{ (provision_firewalls | izzzi.infra.exposure).cloud }}"
  delegate_to: localhost
"""

RETURN = r"""
differences:
  description: Lines that name droplet, port, source, expected and found. Empty when all is as declared.
  returned: success
  type: list
  elements: str
live:
  description: For each droplet, the rows that its firewalls let in.
  returned: success
  type: dict
"""

import time
from typing import NoReturn

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._cloud import door
from ..module_utils._cloud.arguments import API, connect
from ..module_utils._cloud.client import ApiError, Client
from ..module_utils._cloud.names import Names
from ..module_utils._cloud.plan import Problems
from ..module_utils._exposure import check, declared, reach

ARGUMENT_SPEC = {
    **API,
    "environment": {"type": "str", "required": True},
    "reach": {"type": "list", "elements": "dict", "required": True},
}


def read(client: Client, names: Names) -> dict[str, list[reach.Reach]]:
    """By droplet. A firewall applies by the droplet's id or by any of its tags. An open door for SSH ends by itself,
    and is the plan's to tell."""
    owner_tag = names.owner_tag
    firewalls = [
        firewall
        for firewall in client.list("/firewalls", "firewalls")
        if not door.is_open(firewall["name"], names.door_firewalls, time.time())
    ]
    return {
        droplet["name"]: declared.of_account(
            [
                firewall
                for firewall in firewalls
                if droplet["id"] in (firewall.get("droplet_ids") or [])
                or set(droplet.get("tags") or []) & set(firewall.get("tags") or [])
            ],
            owner_tag,
        )
        for droplet in client.list("/droplets", "droplets", tag_name=owner_tag)
    }


def run(module: AnsibleModule) -> NoReturn:
    """Do the work. The action plugin has a stand-in for AnsibleModule where it is done in its own process."""
    params = module.params
    try:
        client = connect(params)
        wanted = reach.from_rows(params["reach"])
        live = read(client, Names(params["project"], params["environment"]))
    except (ApiError, Problems) as error:
        module.fail_json(msg=str(error))
    except (ValueError, KeyError) as error:
        module.fail_json(msg=f"reach: {error}")
    differences = [line for name, boxes in live.items() for line in check.of_cloud(name, boxes, wanted)]
    module.exit_json(
        changed=False, differences=differences, live={name: reach.rows(boxes) for name, boxes in live.items()}
    )


def main() -> None:
    run(AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True))


if __name__ == "__main__":
    main()
