# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of the action plugin of the same name, which does all of the work on the controller."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ask
short_description: Ask on a terminal for what nobody has said
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Asks whoever runs the playbook, when an answer is missing that has no default; then for all others that were not
    said, too. Nobody is asked who has said all that has no default.
  - Without a terminal nobody is asked. What is missing then stays empty, and nothing is warned of.
options:
  questions:
    description:
      - The questions by name. Each has C(ask), the question itself.
      - C(said) is the answer, where it is known. C(default) is taken when nobody says more, and makes the question one
        that may be left out; it may be empty. C(choices) are the only answers.
    type: dict
    required: true
attributes:
  action:
    support: full
    description: It runs on the controller and never connects to the target.
  check_mode:
    support: full
    description: It asks, too.
  diff_mode:
    support: none
    description: It changes nothing.
seealso:
  - module: ansible.builtin.pause
"""

EXAMPLES = r"""
- name: Ask for what is missing
  izzzi.infra.ask:
    questions:
      project: {ask: What is the app called, said: "{{ project | default('') }}"}
      region: {ask: In which region, said: "{{ region | default('') }}", default: fra1}
  register: said

- name: Use it
  ansible.builtin.debug:
    msg: "{{ said.answers.project }} in {{ said.answers.region }}"
"""

RETURN = r"""
answers:
  description: What was said, answered, or the default, by the names of the questions. Empty for what is missing.
  returned: success
  type: dict
  sample: {project: shop, region: fra1}
asked:
  description: The names of the questions that somebody was asked.
  returned: success
  type: list
  elements: str
  sample: [project]
"""
