# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has made which release live, from the host's history. Of a line only who and where to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app import history

LONGEST = 60  # characters of a name


def makers(app: str, root: Path = history.ROOT) -> dict[str, str]:
    """Return people by release, of each the last; nothing where no lines are left."""
    lines = [line for line in history.read(app, root=root) if line.get("result") == "ok" and line.get("to")]
    return {line["to"]: person(line["who"]) for line in lines if isinstance(line.get("who"), Mapping)}


def person(who: Mapping[str, Any]) -> str:
    """Say who it was, in one cell of a table: its room goes to the name before the machine."""
    place = "@".join(str(who[key]) for key in ("user", "host") if who.get(key))
    author = str(who.get("author") or "")
    both = f"{author} ({place})" if author and place else author or place
    name = author or place
    return both if len(both) <= LONGEST else name if len(name) <= LONGEST else f"{name[: LONGEST - 3]}..."
