# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: widened_exposure
short_description: What an exposure lets in that another one does not
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares two results of P(izzzi.infra.exposure#filter), point by point, and says in words what is new. It compares
    each firewall alone as well, since a hole in one wall is a hole although the other one hides it today.
options:
  _input:
    description: The exposure that is to come.
    type: dict
    required: true
  before:
    description: The exposure that is. Rows may be missing; a wall that is missing here is not compared.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse to open more than before
  ansible.builtin.assert:
    that: wanted | izzzi.infra.widened_exposure(current) | length == 0
"""

RETURN = r"""
_value:
  description: Lines such as C(5432/tcp open to everybody); one wall alone is named in brackets.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils import _exposure

KINDS = {"reach": "", "answered": " (a container answers)", "cloud": " (cloud firewall)", "host": " (host firewall)"}


def widened_exposure(after, before):
    lines = []
    try:
        for kind, suffix in KINDS.items():
            if kind in before and kind in after:
                more = _exposure.wider(_exposure.from_rows(after[kind]), _exposure.from_rows(before[kind]))
                lines += [f"{line}{suffix}" for line in _exposure.words(more) if line not in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"widened_exposure: {error}") from error
    return lines


class FilterModule:
    def filters(self):
        return {"widened_exposure": widened_exposure}
