# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: app_problems
short_description: Say what is wrong with the declaration of an app
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Checks the rules that the roles P(izzzi.infra.app_compose#role) and P(izzzi.infra.swarm_stack#role) share, and those
    of the one whose inputs are given.
options:
  _input:
    description:
      - The declaration, by the names of the role's inputs without their prefix; C(services) and C(data_services) are
        completed by the app's own compose file, if it has one.
      - With C(edge) the rules of a Swarm apply. Its keys are C(enabled), C(locations), C(has_logins), C(certificate)
        and C(private_key).
    type: dict
    required: true
  prefix:
    description: Begins the names of variables in the sentences, such as V(app_compose_).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Refuse what a release would stumble over
  ansible.builtin.assert:
    that: problems | length == 0
    fail_msg: "{{ problems | join('\n') }}"
  vars:
    problems: >-
      {{ {'services': app_compose_services, 'data_services': app_compose_data_services}
         | izzzi.infra.app_problems('app_compose_') }}
"""

RETURN = r"""
_value:
  description: One sentence for each fault, with its place. Empty when all is well.
  type: list
  elements: str
"""

from ..module_utils._app.problems import app_problems


class FilterModule:
    def filters(self):
        return {"app_problems": app_problems}
