# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: docker_effect
short_description: Say how Docker comes to new settings
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares settings with the C(daemon.json) of a host. What Docker takes over while it runs needs a reload only.
extends_documentation_fragment: [izzzi.infra.docker_host]
"""

EXAMPLES = r"""
# reload
- name: Ask what a mirror needs
  ansible.builtin.debug:
    msg: "{{ {'registry-mirrors': ['https://mirror.example.org']} | izzzi.infra.docker_effect({'DAEMON_JSON': '{}'}) }}"
"""

RETURN = r"""
_value:
  description: V(nothing), V(reload), V(restart) or V(reload and restart).
  type: str
"""

from ..module_utils._host.docker_daemon import effect


class FilterModule:
    def filters(self):
        return {"docker_effect": effect}
