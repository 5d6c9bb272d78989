# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_secrets
short_description: Write nginx's files of hashed passwords and of certificates
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The files that P(izzzi.infra.nginx_files#filter) names. For each site, and each location with C(basic_auth) of its
    own, one with names and hashes as C(openssl passwd -6) makes them; for each site with C(tls) of the source C(files)
    one with key and certificate. The same input gives the same texts.
positional: place, passwords
options:
  _input:
    description: The sites by name.
    type: dict
    required: true
  place:
    description: Where nginx runs.
    type: str
    choices: [host, swarm]
    required: true
  passwords:
    description:
      - Passwords by name. One that is a hash already, as C(openssl passwd) writes it, stays as it is.
      - Further arguments make the hashes differ from those of other places, such as the name of the host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write them
  izzzi.infra.host_change:
    secrets: "{{ nginx_sites | izzzi.infra.nginx_secrets('host', nginx_passwords, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: Files with C(path) and C(content); with C(mode) and C(group) where nginx's workers read them.
  type: list
  elements: dict
"""

from ..module_utils._edge.files import secrets


class FilterModule:
    def filters(self):
        return {"nginx_secrets": secrets}
