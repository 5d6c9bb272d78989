# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: widened_exposure
short_description: What a declared exposure lets in that the live one does not
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares, point by point, and says in words what is new behind both firewalls, then behind a container's published
    port, then in each firewall alone. A hole in one wall is a hole although the other one hides it today.
options:
  _input:
    description: The result of P(izzzi.infra.exposure#filter) for what is to come.
    type: dict
    required: true
  cloud:
    description: Rows of what the cloud firewalls let in today, from M(izzzi.infra.cloud_exposure).
    type: list
    elements: dict
    required: true
  host:
    description: Rows of what the host's table lets in today, from M(izzzi.infra.host_exposure).
    type: list
    elements: dict
    required: true
  published:
    description: What containers publish today, from M(izzzi.infra.host_exposure).
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Refuse to open more than is open now
  ansible.builtin.assert:
    that: wanted | izzzi.infra.widened_exposure(cloud.live[inventory_hostname], host.live, host.published) | length == 0
"""

RETURN = r"""
_value:
  description: Lines such as C(5432/tcp open to everybody); one wall alone is named in brackets.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._exposure import declared, reach


def widened_exposure(after, cloud, host, published=()):
    try:
        walls = {"cloud": reach.from_rows(cloud), "host": reach.from_rows(host)}
        both = reach.intersect(walls["cloud"], walls["host"])
        answered = declared.answered(both, [declared.Published(**door) for door in published])
        before = {"reach": both, "answered": answered, **walls}
        new = {kind: reach.subtract(reach.from_rows(after[kind]), boxes) for kind, boxes in before.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise AnsibleFilterError(f"widened_exposure: {error}") from error
    said = reach.words(new["reach"])
    lines = list(said)
    for kind, where in (("answered", "a container answers"), ("cloud", "cloud firewall"), ("host", "host firewall")):
        lines += [f"{line} ({where})" for line in reach.words(new[kind]) if line not in said]
    return lines


class FilterModule:
    def filters(self):
        return {"widened_exposure": widened_exposure}
