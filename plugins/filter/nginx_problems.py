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
  - Checks a dictionary as the roles P(izzzi.infra.nginx#role) and P(izzzi.infra.swarm_stack#role) take it.
    Names, paths, upstreams and headers that could end a directive of nginx early are faults too.
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
    description: What all sites share, by the names of the role's inputs without their prefix.
    type: dict
    default: {}
  prefix:
    description: What the names of settings begin with, in messages.
    type: str
    default: nginx_
  names:
    description:
      - What messages call a site, by its name. Others are part of C(nginx_sites), and in a Swarm of C(sites) with
        O(prefix).
    type: dict
    default: {}
  place:
    description: Where nginx runs. In a Swarm a location may have C(port), and what works on one host only is a fault.
    type: str
    choices: [host, swarm]
    default: host
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

from datetime import UTC, datetime

from ansible.errors import AnsibleFilterError

from ..module_utils._edge import certificate
from ..module_utils._edge import sites as checks


def nginx_problems(sites, acme=None, users=(), settings=None, prefix="nginx_", place="host", names=None):
    words = checks.Words(prefix, place, names or {})
    return checks.problems(sites, acme, users, settings, words) or [*_certificates(sites, words)]


def _certificates(sites, words):
    for name, site in checks.with_certificates(sites).items():
        if not certificate.HAS_CRYPTOGRAPHY:
            raise AnsibleFilterError(
                "nginx_problems needs the Python package cryptography 42 or newer for certificates."
            )
        tls, names = site["tls"], site.get("server_names", ["_"])
        faults = certificate.problems(tls["certificate"], tls["key"], names, datetime.now(UTC), tls.get("root", ""))
        if faults:
            yield f"{words.site(name)}.tls: {' '.join(faults)}"


class FilterModule:
    def filters(self):
        return {"nginx_problems": nginx_problems}
