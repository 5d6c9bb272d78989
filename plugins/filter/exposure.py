# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: exposure
short_description: Who can reach what, from declared firewalls and published ports
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Computes what both firewalls let in, the cloud's (any of them) and the host's own, for IPv4 and IPv6, and which of
    these ports a declared container answers.
  - Sources are everybody, networks, members of the environment and members of one of its groups.
options:
  _input:
    description: The cloud firewalls, as in C(provision_firewalls). An empty dictionary lets everything in.
    type: dict
    required: true
  host_rules:
    description: The rules of the host's table, as in C(base_firewall_rules).
    type: list
    elements: dict
    default: []
  services:
    description: Compose services; their C(ports) count.
    type: dict
    default: {}
  publish_address:
    description: The address of published ports that name none, C(ip) in Docker's settings. Empty is every address.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show who can reach what
  ansible.builtin.debug:
    msg: "{{ (provision_firewalls | izzzi.infra.exposure(base_firewall_rules)).text }}"
  # - 22/tcp open to 203.0.113.7/32
  # - 80/tcp open to everybody
"""

RETURN = r"""
_value:
  description:
    - C(text), a list of lines such as C(80/tcp open to everybody).
    - C(reach), the same as rows of C(protocol), C(first), C(last), C(network) and C(who).
    - C(cloud) and C(host), such rows of each firewall alone; C(answered), those of C(reach) that a container answers.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._app.values import published
from ..module_utils._exposure import declared, reach


def exposure(firewalls, host_rules=(), services=None, publish_address=""):
    try:
        cloud, host = declared.of_cloud(firewalls), declared.of_host(host_rules)
        both = reach.intersect(cloud, host)
        answered = declared.answered(both, declared.published(published(services or {}), publish_address))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(f"exposure: {error}") from error
    walls = {"cloud": cloud, "host": host, "reach": both, "answered": answered}
    return {"text": reach.words(both), **{name: reach.rows(boxes) for name, boxes in walls.items()}}


class FilterModule:
    def filters(self):
        return {"exposure": exposure}
