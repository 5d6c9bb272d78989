# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_collisions
short_description: Say which live apps a declaration of nginx sites would cut off, and which ports are taken
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares the sites, as the role P(izzzi.infra.nginx#role) takes them in C(nginx_sites), with the apps that have a
    release that is live on the host. An app that no site serves any more would lose its visitors.
options:
  _input:
    description: The declared sites by name. The filter P(izzzi.infra.nginx_problems#filter) has found no fault in them.
    type: dict
    required: true
  live:
    description: Words of C(site:app:name,name), one for each site on the host whose app is live.
    type: str
    required: true
  listening:
    description: Words of C(port:program), one for each TCP port of the host that another program than nginx listens on.
    type: str
    default: ''
  names:
    description: What messages call a site, by its name. Others are part of C(nginx_sites).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse to cut off the app one
  ansible.builtin.assert:
    that: nginx_sites | izzzi.infra.nginx_collisions('one:one:_') | length == 0
    fail_msg: "{{ nginx_sites | izzzi.infra.nginx_collisions('one:one:_') | join('\n') }}"
"""

RETURN = r"""
_value:
  description: One sentence for each app that is cut off and each port that is taken, with both sides and the cure.
  type: list
  elements: str
"""

from ..module_utils._host.nginx_collisions import collisions


class FilterModule:
    def filters(self):
        return {"nginx_collisions": collisions}
