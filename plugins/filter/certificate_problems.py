# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_problems
short_description: Say what is wrong with a certificate and its key
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks that the key fits, that every certificate of the chain is valid now, that the names are covered, and that the
    chain is complete and in order. Runs on the controller; nothing is shown of the key.
options:
  _input:
    description: The certificate and those that vouch for it, PEM text.
    type: str
    required: true
  key:
    description: The key, PEM text.
    type: str
    required: true
  names:
    description: The names for which it must be valid.
    type: list
    elements: str
    default: []
  root:
    description: The root certificate, PEM text, when it is one of your own.
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Refuse a certificate that browsers would refuse
  ansible.builtin.assert:
    that: certificate | izzzi.infra.certificate_problems(vault_key, ['www.example.org']) | length == 0
"""

RETURN = r"""
_value:
  description: One sentence for each fault. Empty when all is well.
  type: list
  elements: str
"""

from datetime import UTC, datetime

from ansible.errors import AnsibleFilterError

try:
    from ..module_utils._host.certificate import problems
except ImportError:
    problems = None


def certificate_problems(certificate, key, names=(), root=""):
    if problems is None:
        raise AnsibleFilterError("certificate_problems needs the Python package cryptography 42 or newer.")
    return problems(certificate, key, names, datetime.now(UTC), root)


class FilterModule:
    def filters(self):
        return {"certificate_problems": certificate_problems}
