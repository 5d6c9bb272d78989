# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of the same name, which does all of the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: stream
short_description: Show what a program writes while it runs
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs a program on the controller and shows each line as it comes, until the program ends or Ctrl-C ends the run.
    M(ansible.builtin.command) shows nothing before the end.
options:
  argv:
    description: The program and its arguments.
    type: list
    elements: str
    required: true
attributes:
  action:
    support: full
    description: It runs on the controller and never connects to the target.
  check_mode:
    support: full
    description: The program is not run.
  diff_mode:
    support: none
    description: It changes nothing.
"""

EXAMPLES = r"""
- name: Show log lines as they come
  izzzi.infra.stream:
    argv: [ssh, -tt, deploy@203.0.113.10, izzzi logs --follow]
"""

RETURN = r"""
msg:
  description: The exit status and the last lines.
  returned: on failure
  type: str
"""
