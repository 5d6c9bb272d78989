# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has already of the environment, as the inventory is to say it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .model import Notes


@dataclass(frozen=True)
class Adopted:
    """`declared` has the role provision's inputs without their prefix."""

    declared: dict[str, Any]
    runner: str = "compose"
    allowed_ssh_ips: list[str] = field(default_factory=list)
    other_keys: list[dict[str, str]] = field(default_factory=list)  # of the account, that may be somebody else's
    project: dict[str, str] = field(default_factory=dict)  # a do_project that would move something
    served: list[str] = field(default_factory=list)  # names by which visitors come
    notes: Notes = field(default_factory=Notes)

    @property
    def region(self) -> str:
        return str(self.declared["region"])

    @property
    def ip_range(self) -> str:
        return str(self.declared["vpc"]["ip_range"])
