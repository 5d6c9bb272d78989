# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: reboots_host
short_description: What the role swarm_cluster writes onto a node so that nodes reboot one after the other
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Units and a script for each node, and for managers the timers and the code that they start.
  - Without a time, and on a node that is no manager any more, the files are to be absent.
options:
  _input:
    description:
      - C(time) of day or an empty text, C(manager), whether the host is one, and C(image), what tasks run.
      - C(balancer_path) is what a load balancer asks nodes for, or an empty text, and C(balancer_wait) after how many
        seconds it has noticed that a node fails.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write them
  izzzi.infra.host_change:
    files: "{{ host.files }}"
    links: "{{ host.links }}"
    apply: "{{ host.apply }}"
  vars:
    host: "{{ given | izzzi.infra.reboots_host }}"
    given: {time: "03:30", manager: true, image: "registry:2", balancer_path: "/health?lb", balancer_wait: 35}
"""

RETURN = r"""
_value:
  description: >-
    C(problems), one sentence each; when there are none, C(files), C(links) and C(apply) for M(izzzi.infra.host_change).
  type: dict
"""

from ..module_utils._swarm.cluster.reboot_units import apply, files, links, problems


def reboots_host(given):
    if found := problems(given):
        return {"problems": found}
    return {"problems": [], "files": files(given), "links": links(given), "apply": apply(given)}


class FilterModule:
    def filters(self):
        return {"reboots_host": reboots_host}
