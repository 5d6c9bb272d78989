# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of databases that a restore makes beside the live one: what they are is read from them alone. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable

LONGEST = 63  # bytes, of any name in PostgreSQL
POINT = "point"  # the directory in which a restore to a point in time unpacks
RESTORING, BEFORE, RESTORED = "restoring", "before", "restored"


def stamp(now: float) -> str:
    """Return a time, in UTC, as names have it."""
    return time.strftime("%Y%m%dt%H%M%S", time.gmtime(now))


def utc(seconds: float) -> str:
    """Return a time as people write it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def beside(name: str, kind: str, now: float) -> str:
    """Return the name of a database beside `name`: being filled, kept from before a restore, or restored to look at."""
    end = f"_{kind}_{stamp(now)}"
    return name.encode()[: LONGEST - len(end)].decode(errors="ignore") + end


def of_kind(names: Iterable[str], name: str, kind: str) -> list[str]:
    """Return which of some databases are of a kind beside `name`, the oldest first."""
    short = beside(name, kind, 0).removesuffix(stamp(0))
    return sorted(other for other in names if re.fullmatch(re.escape(short) + r"\d{8}t\d{6}", other))
