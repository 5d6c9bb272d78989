# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: destructive_sql
short_description: Find SQL that the release before it may not survive
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Reads the SQL of a migration and lists statements that drop, rename, empty or narrow what is there (C(DROP TABLE),
    C(DROP COLUMN), C(RENAME), C(TYPE), C(SET NOT NULL), C(NOT NULL) without a default, C(TRUNCATE), C(DELETE) of all
    rows). Words in comments and strings do not count.
  - "A comment C(-- izzzi: compatible) in front of a statement accepts it."
options:
  _input:
    description: The SQL.
    type: str
    required: true
"""

EXAMPLES = r"""
# ['line 1 drops a column: ALTER TABLE users DROP COLUMN name']
- name: Show what is destructive
  ansible.builtin.debug:
    msg: "{{ 'ALTER TABLE users DROP COLUMN name;' | izzzi.infra.destructive_sql }}"
"""

RETURN = r"""
_value:
  description: One line for each finding.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._app.sql_lint import lint


def destructive_sql(sql):
    if not isinstance(sql, str):
        raise AnsibleFilterError(f"destructive_sql: it needs text, not {type(sql).__name__}.")
    return [str(finding) for finding in lint(sql)]


class FilterModule:
    def filters(self):
        return {"destructive_sql": destructive_sql}
