# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup says of itself, counted in the snapshot of its dump, and how a restore is compared with it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .config import BackupError

FILE = "manifest.json"
VERSION = 1
Counts = Mapping[str, Mapping[str, Any]]
SHOWN = 10


def read(text: str) -> dict[str, Any]:
    """Read a backup's manifest. Raise BackupError when it is not one that this version knows."""
    try:
        found = json.loads(text)
        version = found["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError("The backup's manifest.json cannot be read. Restore another backup.") from error
    if version > VERSION:
        raise BackupError(
            f"The backup's manifest has version {version}. Use the collection that made it, or a newer one."
        )
    return found


def differences(recorded: Counts, found: Counts) -> Iterator[str]:
    """Yield a sentence for each table whose rows are not those that were counted."""
    for table in sorted({*recorded, *found}):
        before, after = recorded.get(table), found.get(table)
        if after is None:
            yield f"{table} is missing"
        elif before is None:
            yield f"{table} was not in the backup"
        elif before["rows"] != after["rows"]:
            yield f"{table} has {after['rows']} rows in place of {before['rows']}"
        elif before["sum"] != after["sum"]:
            yield f"{table} has its {before['rows']} rows, but not with the same values"


def require_equal(recorded: Counts, found: Counts, what: str) -> int:
    """Return the number of rows. Raise BackupError with each difference."""
    wrong = list(differences(recorded, found))
    if wrong:
        more = [f"and {len(wrong) - SHOWN} more tables"] if len(wrong) > SHOWN else []
        raise BackupError(f"{what} is not what was backed up: {'; '.join([*wrong[:SHOWN], *more])}.")
    return rows(found)


def rows(counts: Counts) -> int:
    """Return the rows of all tables."""
    return sum(int(table["rows"]) for table in counts.values())


def loss(recorded: Counts, now: Counts) -> list[str]:
    """Say which tables hold more, or fewer, rows now than in the backup: what a restore over them would change."""
    found = []
    for table in sorted({*recorded, *now}):
        before, after = (int(counts[table]["rows"]) if table in counts else None for counts in (recorded, now))
        if before is None:
            found.append(f"{table} would go, with its {after} rows: it is newer than the backup")
        elif after is None:
            found.append(f"{table} would come back, with {before} rows")
        elif before != after:
            found.append(f"{table}: {after} rows now, {before} in the backup")
    return found
