# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the collection's filters known to templates, before a test imports the collection in the plain way."""

from __future__ import annotations

from pathlib import Path

from ansible.plugins.loader import init_plugin_loader

init_plugin_loader([str(Path(__file__).resolve().parents[2] / ".ansible" / "collections")])
