# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has made which release live: from the lines that verbs leave on the host, one of JSON for each change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

HISTORY = Path("/var/lib/izzzi/history")
LONGEST = 60  # characters of a name


def makers(app: str, root: Path = HISTORY) -> dict[str, str]:
    """Return people by release, of each the last; nothing where no lines are left."""
    return read(line for path in (root / f"{app}.1.jsonl", root / f"{app}.jsonl") for line in lines(path))


def lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def read(texts: Iterable[str]) -> dict[str, str]:
    """Read what went well; of a line only who and where to. A damaged one is left out."""
    found = {}
    for text in texts:
        try:
            line = json.loads(text)
            if line["result"] == "ok" and line["to"]:
                found[str(line["to"])] = person(line["who"])
        except (ValueError, LookupError, TypeError):
            continue
    return found


def person(who: Mapping[str, Any]) -> str:
    place = "@".join(str(who[key]) for key in ("user", "host") if who.get(key))
    author = str(who.get("author") or "")
    return (f"{author} ({place})" if author and place else author or place)[:LONGEST]
