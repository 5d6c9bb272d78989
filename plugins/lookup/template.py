# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: template
short_description: The text of a template, without a copy of all variables for each
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Does what P(ansible.builtin.template#lookup) does, by its code. That one copies all variables of the host in depth
    for every template, which takes several times as long as to render it; here templates share them.
  - A template must therefore not change a variable in place, such as by C(append) or C(update).
options:
  _terms:
    description: Names of templates, looked for in C(templates) as everywhere.
    type: list
    elements: str
    required: true
  template_vars:
    description: More variables, for these templates only.
    type: dict
    default: {}
  variable_start_string:
    description: What begins a variable.
    type: str
    default: "{{"
  variable_end_string:
    description: What ends a variable.
    type: str
    default: "}}"
  comment_start_string:
    description: What begins a comment.
    type: str
    default: "{#"
  comment_end_string:
    description: What ends a comment.
    type: str
    default: "#}"
  trim_blocks:
    description: Whether the line break after a block is left out.
    type: bool
    default: true
seealso:
  - plugin: ansible.builtin.template
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Write many files at once
  izzzi.infra.host_change:
    files:
      - path: /etc/nginx/nginx.conf
        content: "{{ lookup('izzzi.infra.template', 'etc/nginx/nginx.conf.j2') }}"
"""

RETURN = r"""
_raw:
  description: The texts.
  type: list
  elements: str
"""

from ansible.plugins.lookup import template


class _Shared(dict):
    """Is copied at its first level, whoever asks for more."""

    def __deepcopy__(self, memo):
        return dict(self)


class LookupModule(template.LookupModule):
    def run(self, terms, variables=None, **kwargs):
        return super().run(terms, variables=_Shared(variables or {}), **kwargs)
