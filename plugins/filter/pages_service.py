# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: pages_service
short_description: The service of a Swarm that serves the pages for operators
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - It has a task on every node, on the node's own ports, and reads what the role C(pages) writes there into a volume.
options:
  _input:
    description: >-
      C(app), the stack; C(image), of nginx; C(password) of the login C(operator), C(sources), addresses and networks
      that may ask; C(port) and C(mail_port); C(mail), the service that catches mail, as V(name:port), or nothing;
      C(certificate), the name of a secret of the stack with certificate and key, or C(certificate_site), the site whose
      certificate is carried to every node, or nothing of both.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Deploy an app with pages for its operators
  ansible.builtin.include_role:
    name: izzzi.infra.swarm_stack
  vars:
    swarm_stack_pages: {services: "{{ pages.services }}", configs: "{{ pages.configs }}"}
    swarm_stack_pages_secrets: "{{ pages.secrets }}"
    pages: "{{ about | izzzi.infra.pages_service }}"
    about: {app: shop, image: "nginx:1.28", password: "{{ vault_operator_password }}", sources: [203.0.113.7/32]}
"""

RETURN = r"""
_value:
  description: C(services), and the C(configs) and C(secrets) that they mount, by name.
  type: dict
"""

from ansible.errors import AnsibleFilterError

from ..module_utils._pages.host import in_swarm, problems


def pages_service(given):
    whole = {"port": 8080, "mail_port": 8025, "runner": "compose", **given}
    if found := problems(whole):
        raise AnsibleFilterError("pages_service: " + " ".join(found))
    return in_swarm(whole)


class FilterModule:
    def filters(self):
        return {"pages_service": pages_service}
