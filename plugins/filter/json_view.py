# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: json_view
short_description: JSON of data, or of what a JMESPath expression finds in it
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Returns indented JSON with sorted keys. An expression that cannot be read, or does not fit the data, is an error
    that says where.
options:
  _input:
    description: What is shown.
    type: raw
    required: true
  query:
    description: A JMESPath expression. Without one all is shown.
    type: str
    default: ''
requirements:
  - jmespath, when O(query) is given
"""

EXAMPLES = r"""
# ["r1", "r2"]
- ansible.builtin.debug:
    msg: "{{ {'releases': [{'id': 'r1'}, {'id': 'r2'}]} | izzzi.infra.json_view('releases[].id') }}"
"""

RETURN = r"""
_value:
  description: JSON, indented by four blanks.
  type: str
"""

import json

from ansible.errors import AnsibleFilterError

from ..module_utils._app.json_view import look_up


def json_view(data, query=""):
    try:
        return json.dumps(look_up(data, query), indent=4, sort_keys=True, ensure_ascii=False)
    except ValueError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    def filters(self):
        return {"json_view": json_view}
