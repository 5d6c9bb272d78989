# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: docker_problems
short_description: Say what is wrong with settings for Docker on a host
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks types, address pools, and what Docker would not start with on this host, which is swarm and live restore
    together, or a setting that the unit gives as a flag too. Content of a foreign C(daemon.json) that would be lost and
    a change of C(userns-remap) on a host with data are faults too, unless O(policy) allows them.
extends_documentation_fragment: [izzzi.infra.docker_host]
options:
  policy:
    description:
      - C(reserved_networks), C(dropped) (keys), C(replace_foreign) and C(migrate_userns). Other C(inputs) of the role
        by their names. C(packages) with the C(release), those that are C(known) for it, C(plugins) and C(version).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse what Docker would not start with
  ansible.builtin.assert:
    that: settings | izzzi.infra.docker_problems({}) | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each fault. Empty when all is well.
  type: list
  elements: str
"""

from ..module_utils._host.docker_daemon import problems


class FilterModule:
    def filters(self):
        return {"docker_problems": lambda settings, host, policy=None: problems(settings, host, policy or {})}
