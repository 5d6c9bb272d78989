#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_exposure
short_description: Compare a host's listeners, published ports and firewall with what is declared
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Looks from within at what a scan from outside cannot see, because one firewall hides the hole in the other. A
    process that listens beyond loopback, or a container that is published there, must have a declared rule that lets
    somebody through; and the loaded table must be the one of its file.
  - It needs root, for the names of processes and for nftables.
extends_documentation_fragment: [izzzi.infra.attributes.read_only]
options:
  reach:
    description: The rows C(host) of P(izzzi.infra.exposure#filter).
    type: list
    elements: dict
    required: true
  ignored_ports:
    description: Ports that may be listened on all the same, as V(68/udp).
    type: list
    elements: str
    default: [68/udp, 546/udp]
  table:
    description: The nftables table to compare with its file. Empty compares none.
    type: str
    default: inet izzzi
  table_file:
    description: The file that the table is loaded from.
    type: path
    default: /etc/nftables.conf
"""

EXAMPLES = r"""
- name: Look at the host from within
  izzzi.infra.host_exposure:
    reach: "{{ (provision_firewalls | izzzi.infra.exposure(base_firewall_rules)).host }}"
"""

RETURN = r"""
differences:
  description: Lines that name port, expected and found. Empty when all is as declared.
  returned: success
  type: list
  elements: str
live:
  description: Rows of what the loaded table lets in. Without a table that is everything.
  returned: success
  type: list
  elements: dict
published:
  description: The ports that containers publish, each with C(service), C(protocol), C(first), C(last) and C(address).
  returned: success
  type: list
  elements: dict
"""

import json
import shutil
import socket

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._exposure import check, reach

ARGUMENT_SPEC = {
    "reach": {"type": "list", "elements": "dict", "required": True},
    "ignored_ports": {"type": "list", "elements": "str", "default": ["68/udp", "546/udp"]},
    "table": {"type": "str", "default": "inet izzzi"},
    "table_file": {"type": "path", "default": "/etc/nftables.conf"},
}
# In a network namespace of its own the file is loaded and read back, so that both texts are nftables' own.
READ_BACK = 'exec unshare --net sh -c \'nft --file "$1" && nft --terse list table $2\' sh "$1" "$2"'


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params

    def run(*command: str) -> str:
        status, output, errors = module.run_command(list(command))
        if status:
            module.fail_json(msg=f"{' '.join(command)}: {(errors or output).strip()}")
        return output

    heard = check.listeners(run("ss", "-H", "-l", "-n", "-t", "-u", "-p"))
    doors = []
    if shutil.which("docker"):
        doors = check.published(run("docker", "ps", "--format", "{{.Names}}\t{{.Ports}}"))
    links = json.loads(run("ip", "-json", "-details", "address"))
    inner = [
        address["local"]
        for link in links
        if (link.get("linkinfo") or {}).get("info_kind") == "bridge"
        for address in link.get("addr_info", [])
    ]
    try:
        declared = reach.from_rows(params["reach"])
        for text in params["ignored_ports"]:
            port, _slash, protocol = text.partition("/")
            declared += [
                r._replace(protocol=protocol or "tcp", first=int(port), last=int(port)) for r in reach.everything()
            ]
    except (ValueError, KeyError) as error:
        module.fail_json(msg=f"reach or ignored_ports: {error}")
    host = socket.gethostname()
    differences = check.of_host(host, heard, doors, inner, declared)
    live = ""
    if params["table"]:
        # Without nftables or the table there is nothing to list, and everything is let in.
        listing = ["nft", "--terse", "list", "table", *params["table"].split()]
        live = module.run_command(listing)[1] if shutil.which("nft") else ""
        wanted = run("sh", "-c", READ_BACK, "sh", params["table_file"], params["table"]) if live else ""
        differences += check.of_table(host, live, wanted)
    module.exit_json(
        changed=False,
        differences=differences,
        live=reach.rows(check.reach_of_table(live)),
        published=[door._asdict() for door in doors],
    )


if __name__ == "__main__":
    main()
