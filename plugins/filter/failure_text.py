# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: failure_text
short_description: The words of a failed release
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Says what failed, why, what the containers, health checks and disks said, what serves now and what to do.
options:
  _input:
    description:
      - C(reason) is what the failed step said. Optional are C(release), the one that was to become live, C(step),
        C(service), C(serving), the one that visitors meet, C(facts) and C(trouble), lists of sentences, and C(logs).
    type: dict
    required: true
"""

EXAMPLES = r"""
# Release 20261105-0f2c9a41d7b3 is not live: start | Start the new colour
# web: its container exited with 1.
# Release 20261101-8e81cd9aa2f0 goes on serving.
- name: Fail with the reason
  ansible.builtin.fail:
    msg: "{{ what_happened | izzzi.infra.failure_text }}"
  vars:
    what_happened:
      reason: "web: its container exited with 1."
      release: 20261105-0f2c9a41d7b3
      step: start | Start the new colour
      serving: 20261101-8e81cd9aa2f0
"""

RETURN = r"""
_value:
  description: The text, of several lines.
  type: str
"""

from ..module_utils._app.failure import Failure, render


def failure_text(failure):
    return render(Failure(**failure))


class FilterModule:
    def filters(self):
        return {"failure_text": failure_text}
