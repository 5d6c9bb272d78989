# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: to_argv
short_description: A command as a person writes it to a list of words
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Splits a text as a shell does, so that quoted words stay together. Nothing is expanded. A list is taken as it is.
  - It fails for an empty command, and for quotes without an end.
options:
  _input:
    description: The command, a text or a list.
    type: raw
    required: true
"""

EXAMPLES = r"""
# [sh, -c, echo one two]
- name: Show the words
  ansible.builtin.debug:
    msg: "{{ 'sh -c \"echo one two\"' | izzzi.infra.to_argv }}"
"""

RETURN = r"""
_value:
  description: The program and its arguments.
  type: list
  elements: str
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._app.usage import argv


def to_argv(command):
    try:
        return argv(command)
    except ValueError as error:
        raise AnsibleFilterError(f"to_argv: {error}") from error


class FilterModule:
    def filters(self):
        return {"to_argv": to_argv}
