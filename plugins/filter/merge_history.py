# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: merge_history
short_description: Make one history of what several hosts have noted
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Managers of a Swarm give their lines to each other, so that several have the same one; it is taken once.
options:
  _input:
    description: A list of lines for each host, as M(izzzi.infra.history) reads them.
    type: list
    elements: list
    required: true
  count:
    description: How many of the last lines are returned; V(0) for all.
    type: int
    default: 0
"""

EXAMPLES = r"""
- ansible.builtin.debug:
    msg: "{{ (managers | map(attribute='lines') | izzzi.infra.merge_history(20)).text }}"
"""

RETURN = r"""
_value:
  description: C(lines), each once and the oldest first, and C(text), the same for people.
  type: dict
"""

from ..module_utils._app.history import merged, texts


def merge_history(listed, count=0):
    lines = merged(*listed)[-int(count) :]
    return {"lines": lines, "text": texts(lines)}


class FilterModule:
    def filters(self):
        return {"merge_history": merge_history}
