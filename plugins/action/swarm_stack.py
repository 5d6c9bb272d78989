# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ..plugin_utils.who import RecordedAction


class ActionModule(RecordedAction):
    """The module writes a line of history, and cannot know who is at the controller."""
