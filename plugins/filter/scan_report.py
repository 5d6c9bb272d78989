# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: scan_report
short_description: What all scans and looks found together
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - A droplet that could not be looked at from within is a difference, too.
options:
  _input:
    description: Results of M(izzzi.infra.port_scan) by the host that tried; empty ones of hosts that did not.
    type: dict
    required: true
  inside:
    description: Results of M(izzzi.infra.host_exposure) by droplet; empty ones of droplets that could not be asked.
    type: dict
    required: true
  cloud:
    description: The differences that M(izzzi.infra.cloud_exposure) found.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Require that nothing differs from the declaration
  ansible.builtin.assert:
    that: (scans | izzzi.infra.scan_report(looks, cloud.differences)).differences == []
"""

RETURN = r"""
_value:
  description: Lines of what was C(tried), one for each host, and all C(differences).
  type: dict
"""

from ..module_utils._exposure.vantage import report


class FilterModule:
    def filters(self):
        return {"scan_report": report}
