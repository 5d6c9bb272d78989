# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: mask_secrets
short_description: Hide secrets in a text or structure
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives a copy of any text, list or dictionary with secrets replaced by C(********), to show it in a message or log.
  - By value, it hides each of O(secrets), the longest first, also where it is JSON-escaped, URL-encoded, inside base64,
    or (a value of several lines) line by line. Values of fewer than 4 characters are not hidden by value.
  - By name, it hides what belongs to a name with a word such as C(password), C(pass), C(secret), C(token), C(key),
    C(credentials), C(authorization) or C(cookie), be it a dictionary's key or C(name=value), C(name:value) and JSON in
    a text. C(api_key), C(POSTGRES_PASSWORD) and C(jwtSecret) are such names, C(monkey) is none.
  - Credentials in URLs and DSNs (C(scheme://user:password@host), C(https://token@host)) are hidden too.
options:
  _input:
    description: What to mask.
    type: raw
    required: true
  secrets:
    description:
      - The secret values. In a dictionary or list, all texts at any depth.
    type: raw
    default: []
"""

EXAMPLES = r"""
- name: Show the last lines of a log
  ansible.builtin.debug:
    msg: "{{ app_log.stdout_lines | izzzi.infra.mask_secrets([vault_app_postgres_password]) }}"

# {'DATABASE_URL': 'postgresql://izzzi:********@postgres/izzzi', 'JWT_SECRET': '********'}
- name: Show the environment
  ansible.builtin.debug:
    msg: "{{ app_environment | izzzi.infra.mask_secrets }}"
"""

RETURN = r"""
_value:
  description: The same text or structure without the secrets. Tuples and sets become lists.
  type: raw
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._secrets.mask import mask


def texts(value: Any) -> Iterator[str]:
    """All texts at any depth; numbers count as text, since a PIN is written so."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        for item in value:
            yield from texts(item)
    elif isinstance(value, (str, int)) and not isinstance(value, bool):
        yield str(value)
    elif value is not None and not isinstance(value, bool):
        raise AnsibleFilterError(f"mask_secrets: secrets has a {type(value).__name__}; it takes texts.")


def mask_secrets(value, secrets=()):
    return mask(value, texts(secrets))


class FilterModule:
    def filters(self):
        return {"mask_secrets": mask_secrets}
