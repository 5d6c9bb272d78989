# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What the modules take that close an app to its visitors."""

    DOCUMENTATION = r"""
options:
  project:
    description: Name of the app.
    type: str
    required: true
  allow:
    description: Addresses and networks for which it stays open. The host itself is always among them.
    type: list
    elements: str
    default: []
  retry_after:
    description: Seconds after which clients may ask again.
    type: int
    default: 300
  page:
    description: The HTML that visitors see.
    type: str
    default: >-
      <!doctype html><meta charset="utf-8"><title>Back soon</title><h1>Back soon</h1><p>We are working on it.</p>
  purpose:
    description:
      - For what a verb closes the app. What is closed for something else, or by a person, stays so then. A run that
        finds it closed for its own purpose, because another one was killed, opens it in the end.
      - Empty for a person, who closes and opens whatever is there.
    type: str
    default: ''
"""
