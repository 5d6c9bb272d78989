# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: to_dotenv
short_description: Dictionary to the text of a .env file
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Gives the text of a C(.env) file that Docker Compose (C(env_file), C(--env-file)) reads back as exactly the same
    strings. That holds for quotes, C($), C(#), backslashes, blanks at the ends, line breaks, empty values and Unicode.
  - Values made of letters, digits and C(_./:@%+,=-) stay as they are. All others are put in double quotes, with
    backslash, double quote, C($), line feed and carriage return escaped.
  - Numbers are written as Python writes them (V(4000), V(0.5)), booleans as V(true) and V(false).
  - It fails, naming the key, for a name that is not C([A-Za-z_][A-Za-z0-9_]*), a list, a dictionary, an empty (null)
    value, a date that YAML made of unquoted text, and text with a NUL character.
options:
  _input:
    description: The variables.
    type: dict
    required: true
  sort:
    description: Whether to sort by name. By default the order is the dictionary's.
    type: bool
    default: false
seealso:
  - plugin: izzzi.infra.from_dotenv
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the app's environment
  ansible.builtin.copy:
    dest: /opt/izzzi/shared/.env
    content: "{{ app_environment | izzzi.infra.to_dotenv }}"
    mode: "0600"
  no_log: true

# PORT=4000
# GREETING="costs \$5 # really"
- name: Show the format
  ansible.builtin.debug:
    msg: "{{ {'PORT': 4000, 'GREETING': 'costs $5 # really'} | izzzi.infra.to_dotenv }}"
"""

RETURN = r"""
_value:
  description: The text, one C(NAME=value) a line.
  type: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._secrets import dotenv


def to_dotenv(variables, sort=False):
    try:
        return dotenv.to_dotenv(variables, sort)
    except ValueError as error:
        raise AnsibleFilterError(f"to_dotenv: {error}") from error


class FilterModule:
    def filters(self):
        return {"to_dotenv": to_dotenv}
