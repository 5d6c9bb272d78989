# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What modules take that write a line of history."""

    DOCUMENTATION = r"""
options:
  who:
    description:
      - Who is at the controller, for the line of history that the module writes on the host. It says C(user), C(host),
        C(author), C(ci), C(verb), C(run) and C(seconds), the time since the verb has begun.
      - An action fills it in where it is not given.
    type: dict
    default: {}
"""
