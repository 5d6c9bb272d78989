# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_errors
short_description: Write the part of nginx's configuration that answers errors
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Errors that nginx makes itself (too large, too long, too many, unavailable) are answered in one form, JSON for
    programs and a page for clients that accept C(text/html). Answers of an app are not touched.
options:
  _input:
    description:
      - The level of nginx's configuration that the text is for. A configuration needs V(http) and V(server), and
        V(location) in locations that have an C(error_page) of their own.
    type: str
    choices: [http, server, location]
    required: true
"""

EXAMPLES = r"""
- name: Show what a server includes
  ansible.builtin.debug:
    msg: "{{ 'server' | izzzi.infra.nginx_errors }}"
"""

RETURN = r"""
_value:
  description: The text, in lines.
  type: str
"""

from ..module_utils._host.nginx_errors import http_part, location_part, server_part


def nginx_errors(level: str) -> str:
    return {"http": http_part, "server": server_part, "location": location_part}[level]()


class FilterModule:
    def filters(self):
        return {"nginx_errors": nginx_errors}
