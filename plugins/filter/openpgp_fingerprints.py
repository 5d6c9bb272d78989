# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: openpgp_fingerprints
short_description: Give the fingerprints of OpenPGP public keys
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Reads armoured public keys (version 4) without gpg, to pin the key of a package repository.
options:
  _input:
    description: The armoured keys.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Check the key of a repository
  ansible.builtin.assert:
    that: expected in lookup('ansible.builtin.file', 'docker.asc') | izzzi.infra.openpgp_fingerprints
"""

RETURN = r"""
_value:
  description: The fingerprints of the primary keys, upper case without blanks.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._host.openpgp import fingerprints


def openpgp_fingerprints(text):
    try:
        return fingerprints(text)
    except ValueError as error:
        raise AnsibleFilterError(f"This is no usable key: {error}.") from error


class FilterModule:
    def filters(self):
        return {"openpgp_fingerprints": openpgp_fingerprints}
