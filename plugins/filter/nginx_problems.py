# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_problems
short_description: Say what is wrong with a declaration of nginx sites
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks a dictionary as the role P(izzzi.infra.nginx#role) takes it in C(nginx_sites). Names, paths, upstreams and
    headers that could end a directive of nginx early are faults too.
options:
  _input:
    description: The sites by name.
    type: dict
    required: true
  acme:
    description: The C(email) and C(dns_token) that are declared for certificates.
    type: dict
    default: {}
  users:
    description: Names that have a password, for C(basic_auth).
    type: list
    elements: str
    default: []
  settings:
    description: What all sites share, by the names of the role's inputs.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse what nginx would refuse, or misunderstand
  ansible.builtin.assert:
    that: nginx_sites | izzzi.infra.nginx_problems | length == 0
    fail_msg: "{{ nginx_sites | izzzi.infra.nginx_problems | join('\n') }}"
"""

RETURN = r"""
_value:
  description: One sentence for each fault, with its place. Empty when all is well.
  type: list
  elements: str
"""

from ..module_utils._host.nginx_sites import problems


class FilterModule:
    def filters(self):
        return {"nginx_problems": problems}
