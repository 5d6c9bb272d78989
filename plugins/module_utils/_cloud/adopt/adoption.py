# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an account has of an environment, as a declaration has it, and what people are told beside it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from ..account import Row
from ..names import Names
from ..plan import Problems

NOTHING = "Nothing was written."


@dataclass
class Adoption:
    """`declared` has options of the module environment. What an option may not say stands in the notes."""

    declared: dict[str, Any] = field(default_factory=dict)
    runner: str = "compose"
    allowed_ssh_ips: list[str] = field(default_factory=list)
    other_keys: list[dict[str, str]] = field(default_factory=list)  # of the account, that may be somebody else's
    project: dict[str, str] = field(default_factory=dict)  # a do_project that would move something
    served: list[str] = field(default_factory=list)  # names by which visitors come
    first_plan: str = ""
    found: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    todo: list[str] = field(default_factory=list)


def refuse(*sentences: str) -> Problems:
    """Return the error of what keeps an account from being declared."""
    return Problems([" ".join([*sentences, NOTHING])])


def slug(name: str, names: Names) -> str:
    """Return the last part that a name of ours could have for something that is called otherwise."""
    word = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    for part in (names.project, names.environment, "fw"):
        word = word.removeprefix(f"{part}-")
    return word[:32].strip("-") or "app"


def named(rows: list[Row]) -> str:
    """Return names with ids, for people who look for them in the control panel."""
    return ", ".join(f"{row['name']} (id {row['id']})" for row in rows)
