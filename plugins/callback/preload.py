# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: preload
type: aggregate
short_description: Do once for a run what each task would do anew
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Ansible forks a process for each task and host. Each would load all filters of the collection when it meets one of
    them, and compile each template that it meets. Here filters are loaded before, and what one process has compiled
    the later ones have. That is a third of the processor's time that a run takes on the controller.
  - The inventory plugin P(izzzi.infra.droplets#inventory) does the same. This is for other inventories.
requirements:
  - enable it in C(ansible.cfg) with C(callbacks_enabled = izzzi.infra.preload)
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = izzzi.infra.preload
"""

from ansible.plugins.callback import CallbackBase

from ..plugin_utils.preload import preload


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "izzzi.infra.preload"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_start(self, playbook):
        preload()
