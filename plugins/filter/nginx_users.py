# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: nginx_users
short_description: Write a file of names and hashed passwords for nginx
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The text that C(auth_basic_user_file) reads, with hashes as C(openssl passwd -6) makes them. The same names, places
    and passwords give the same text.
positional: names
options:
  _input:
    description: Passwords by name.
    type: dict
    required: true
  names:
    description: Who is to be in the file. Further arguments are what makes its hashes differ from other files', such as
      the host and the site.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Write the file
  ansible.builtin.copy:
    content: "{{ nginx_passwords | izzzi.infra.nginx_users(['ops'], inventory_hostname, 'shop') }}"
    dest: /etc/nginx/users
    group: www-data
    mode: "0640"
  no_log: true
"""

RETURN = r"""
_value:
  description: A line for each name.
  type: str
"""

from ..module_utils._host.password_hash import users_file


class FilterModule:
    def filters(self):
        return {"nginx_users": users_file}
