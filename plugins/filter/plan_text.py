# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: plan_text
short_description: Show the plan of an environment to people
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Makes a text of the result of M(izzzi.infra.environment#module). Each resource that changes is a line, with C(+) to
    create, C(~) to change, C(-/+) to replace and C(-) to delete, and below it each field, before and after. What is the
    environment's, is not declared and stays has C(!), with what it costs each month and why it stays.
  - Below a replacement stands what is lost, what follows and what is to be done then; below a new size of a droplet,
    that it powers off.
  - Long values and lists are wrapped. The last line is the monthly cost, now and then.
options:
  _input:
    description: The module's result, or the file that C(playbooks/plan.yml) saved.
    type: dict
    required: true
  width:
    description:
      - The most characters of a line. By default what fits on the terminal beside the indentation of a message, and 120
        without one.
    type: int
"""

EXAMPLES = r"""
- name: Show the plan
  ansible.builtin.debug:
    msg: "{{ environment | izzzi.infra.plan_text }}"
"""

RETURN = r"""
_value:
  description: The text.
  type: str
"""

import os
from collections.abc import Mapping

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display

from ..module_utils._cloud import plan_text as cloud_plan_text

INDENTATION = 4  # of a message in core's output
UNKNOWN = 79  # what Ansible's display has without a terminal, and on one of 80 columns or less


def terminal_width():
    """Return the columns of the terminal; 0 without one. A worker has none itself, so Ansible's display is asked,
    which was made before it, and in doubt its parent."""
    if os.environ.get("COLUMNS", "").isdecimal():
        return int(os.environ["COLUMNS"])
    columns = Display().columns
    if columns > UNKNOWN or is_terminal(f"/proc/{os.getppid()}/fd/1"):
        return columns + 1
    return 0


def is_terminal(path):
    try:
        return os.readlink(path).startswith(("/dev/pts/", "/dev/tty"))
    except OSError:
        return False


def plan_text(value, width=None):
    if not isinstance(value, Mapping) or not {"plan", "monthly_cost"} <= set(value):
        raise AnsibleFilterError("plan_text: it takes the result of izzzi.infra.environment (plan, monthly_cost).")
    there = terminal_width()
    return cloud_plan_text.plan_text(value, width or (there - INDENTATION if there else cloud_plan_text.WIDTH))


class FilterModule:
    def filters(self):
        return {"plan_text": plan_text}
