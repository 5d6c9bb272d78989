# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_host
short_description: What the roles write onto a host that gets certificates by itself
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives the program C(izzzi-certificate), its settings and its timer, which are the same on one server and on the
    managers of a Swarm.
options:
  _input:
    description:
      - C(place), V(host) or V(swarm); C(sites), as the roles P(izzzi.infra.nginx#role) and
        P(izzzi.infra.swarm_stack#role) take them.
      - C(acme) with C(email), C(directory), C(ca_certificates), C(addresses), C(resolvers), C(dns_api_url) and
        C(dns_token).
      - In a Swarm also C(project), the app, and C(constraints), those of nodes that have nginx.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the program and its settings
  izzzi.infra.host_change:
    directories: "{{ wanted.directories }}"
    files: "{{ wanted.files }}"
    secrets: "{{ wanted.secrets }}"
  vars:
    wanted: "{{ {'place': 'host', 'sites': nginx_sites, 'acme': acme} | izzzi.infra.certificate_host }}"
"""

RETURN = r"""
_value:
  description: >-
    C(directories), C(files) and C(secrets) for M(izzzi.infra.host_change), C(packages) that the program needs, and
    C(sites), the names of those that it looks after. All are empty when there are none.
  type: dict
"""

from ..module_utils._certificate.settings import ACME, HOST, SELF_SIGNED
from ..module_utils._certificate.written import asked, written


def certificate_host(given):
    # On one host nginx's own start makes what it signs itself.
    sources = (ACME,) if given["place"] == HOST else (ACME, SELF_SIGNED)
    sites = asked(given["sites"], sources)
    if not sites:
        return {"directories": [], "files": [], "secrets": [], "packages": [], "sites": []}
    return written({**given, "sites": sites}) | {"sites": list(sites)}


class FilterModule:
    def filters(self):
        return {"certificate_host": certificate_host}
