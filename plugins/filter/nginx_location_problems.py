# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_location_problems
short_description: Say what is wrong with settings of nginx locations
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks limits of time and size, and nginx's own directives, as P(izzzi.infra.nginx_problems#filter) does for sites.
positional: where
options:
  _input:
    description: The locations, of whose keys others than settings do not count.
    type: list
    elements: dict
    required: true
  where:
    description: What the declaration is called, for the messages.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse what nginx would refuse
  ansible.builtin.assert:
    that: locations | izzzi.infra.nginx_location_problems('locations') | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each fault, with its place. Empty when all is well.
  type: list
  elements: str
"""

from ..module_utils._host.nginx_sites import location_problems


class FilterModule:
    def filters(self):
        return {"nginx_location_problems": location_problems}
