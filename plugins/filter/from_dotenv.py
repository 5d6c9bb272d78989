# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: from_dotenv
short_description: Text of a .env file to a dictionary
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Reads the text of a C(.env) file as Docker Compose does. All values are strings.
  - It knows plain, single-quoted and double-quoted values, comments and C(export). It fails, naming the line, where
    Compose would look at anything but the text, that is for references to other variables (C($NAME)) and names without
    a value, and for octal escapes.
options:
  _input:
    description: The text.
    type: str
    required: true
seealso:
  - plugin: izzzi.infra.to_dotenv
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Use the variables of a file
  ansible.builtin.set_fact:
    app_environment: "{{ lookup('ansible.builtin.file', 'env/.env.example') | izzzi.infra.from_dotenv }}"
"""

RETURN = r"""
_value:
  description: The variables.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._secrets import dotenv


def from_dotenv(text):
    if not isinstance(text, str):
        raise AnsibleFilterError(f"from_dotenv: it needs text, not {type(text).__name__}.")
    try:
        return dotenv.from_dotenv(text)
    except ValueError as error:
        raise AnsibleFilterError(f"from_dotenv: {error}") from error


class FilterModule:
    def filters(self):
        return {"from_dotenv": from_dotenv}
