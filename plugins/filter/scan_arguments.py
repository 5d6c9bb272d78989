# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: scan_arguments
short_description: What module port_scan is told on one host, to try every port of the other droplets
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - This machine tries public addresses, and knows under which address each droplet sees it. Droplets try
    private ones too.
options:
  _input:
    description:
      - Of each droplet its C(name), its C(networks) as DigitalOcean lists them, the rows C(reach) of
        P(izzzi.infra.exposure#filter), and C(connection), the variable E(SSH_CONNECTION) of a session from
        this machine.
    type: list
    elements: dict
    required: true
  host:
    description: The host that is to try, V(localhost) for this machine.
    type: str
    required: true
  groups:
    description: The groups that this host is in.
    type: list
    elements: str
    default: []
  in_vpc:
    description: Whether a host that is no droplet is in the VPC all the same.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Try every port
  izzzi.infra.port_scan:
    vantage: "{{ scan.vantage }}"
    who: "{{ scan.who }}"
    targets: "{{ scan.targets }}"
  vars:
    scan: "{{ looks | izzzi.infra.scan_arguments(inventory_hostname, group_names) }}"
"""

RETURN = r"""
_value:
  description: The arguments C(vantage), C(who) and C(targets) of M(izzzi.infra.port_scan).
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._exposure import vantage


def scan_arguments(looks, host, groups=(), in_vpc=False):
    try:
        return vantage.scan_arguments(looks, host, groups, in_vpc)
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(f"scan_arguments: {error}") from error


class FilterModule:
    def filters(self):
        return {"scan_arguments": scan_arguments}
