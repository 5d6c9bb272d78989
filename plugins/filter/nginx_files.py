# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_files
short_description: Write nginx's configuration for declared sites
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - One site gives the same answers, whether nginx runs on a host or as a service of a Swarm. Only what a place truly
    needs else differs.
  - The sites must be such that P(izzzi.infra.nginx_problems#filter) finds nothing.
positional: place, settings
options:
  _input:
    description: The sites by name, as the role P(izzzi.infra.nginx#role) takes them.
    type: dict
    required: true
  place:
    description: Where nginx runs.
    type: str
    choices: [host, swarm]
    required: true
  settings:
    description:
      - What all sites share, by the names of the roles' inputs without their prefix, and C(managed), the first lines of
        each file.
      - For a host C(is_old), whether nginx is older than 1.25.1; for a Swarm C(services), those of the app.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write the configuration
  izzzi.infra.host_change:
    files: "{{ nginx_sites | izzzi.infra.nginx_files('host', settings) }}"
"""

RETURN = r"""
_value:
  description: Files with C(path), C(content), and C(replace) false where a site's own text is kept.
  type: list
  elements: dict
"""

from ..module_utils._edge.files import files


class FilterModule:
    def filters(self):
        return {"nginx_files": files}
