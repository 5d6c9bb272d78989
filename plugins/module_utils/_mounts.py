# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared service mounts, for rules that both runners share. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def anonymous(service: Mapping[str, Any]) -> list[str]:
    """Paths that would be kept in a volume without a name: it belongs to one container and is found by no other."""
    return [path for item in service.get("volumes") or [] if (path := _path(item))]


def _path(item: Any) -> str:
    if isinstance(item, Mapping):
        return str(item.get("target", "")) if item.get("type", "volume") == "volume" and not item.get("source") else ""
    return "" if ":" in str(item) else str(item)
