# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What the filters about Docker's settings take."""

    DOCUMENTATION = r"""
options:
  _input:
    description: The settings for C(daemon.json).
    type: dict
    required: true
  host:
    description:
      - What was read on the host, texts by name. C(DAEMON_JSON) is the present file, C(DAEMON_JSON_IS_OURS) and
        C(HAS_DATA) and C(STALE) are V(yes) or not, C(EXEC_START) is the command line of C(docker.service), C(SWARM) the
        node's state.
    type: dict
    required: true
"""
