# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people are to be told of, left on the host in one small file each. The role notify sends them; where that is off
there is no spool, and nothing is written. Whoever notes an event never waits for it and never fails by it."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .._secrets.mask import mask

SPOOL = Path("/var/lib/izzzi/events")
LIMIT = 200  # files that wait; the oldest go
DETAIL = 2000  # characters: what messengers take, and what somebody reads on a telephone
TITLE = 200
GAP = "\n[...]\n"

# What can be switched off, by name, and what it is.
KINDS = {
    "release_live": "a release is live, or an earlier one is again",
    "release_failed": "a release failed, and why",
    "release_undone": "what a killed run had begun was undone",
    "backup_late": "the last backup, or the last proven one, is too old",
    "backup_failed": "a backup failed",
    "drill_failed": "a backup could not be restored in a drill",
    "certificate": "a certificate does not renew",
    "job_failed": "a job failed",
    "node_lost": "a node of the Swarm is away",
    "disk": "a disk is nearly full",
    "reboot": "an update needs a reboot",
}
# How it is: what mark a messenger gives it.
OK, FAILED, WARNING = "ok", "failed", "warning"


def event(kind: str, app: str, title: str, detail: str = "", result: str = "", hidden: Iterable[str] = ()) -> dict:
    """Return an event as it is written, without secrets, and no longer than anybody reads. Pure. Raise ValueError for a
    kind that there is not."""
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of event. There are: {', '.join(KINDS)}.")
    hide = list(hidden)
    first = " ".join(mask(title, hide).split())[:TITLE]
    return {"kind": kind, "app": app, "title": first, "detail": shortened(mask(detail, hide)), "result": result or OK}


def shortened(text: str, limit: int = DETAIL) -> str:
    """Cut the middle out of a long text: its beginning says what, its end why."""
    text = text.strip()
    if len(text) <= limit:
        return text
    half = limit // 2 - len(GAP)
    return f"{text[:half].rstrip()}{GAP}{text[-half:].lstrip()}"


def record(
    kind: str,
    app: str,
    title: str,
    *,
    detail: str = "",
    result: str = "",
    hidden: Iterable[str] = (),
    root: Path = SPOOL,
) -> None:
    """Leave an event for the role notify. `result` is ok, failed or warning. `hidden` are texts that no message shows.
    Nothing happens where messages are off; nothing that goes wrong here is ever raised."""
    with suppress(Exception):
        if root.is_dir():
            write(root, event(kind, app, title, detail, result, hidden))


def write(root: Path, what: dict[str, Any], now: float | None = None) -> Path:
    """Write one event beside those that wait, whole or not at all, for root alone. Its name says when it came."""
    when = time.time() if now is None else now
    path = root / f"{int(when * 1e6):017d}-{secrets.token_hex(4)}.json"
    new = path.with_name(f".{path.name}.new")
    try:
        with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({**what, "when": when}, file)
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
    for old in waiting(root)[:-LIMIT]:
        old.unlink(missing_ok=True)
    return path


def waiting(root: Path = SPOOL) -> list[Path]:
    """Return the events that wait, the oldest first."""
    return sorted(root.glob("[0-9]*.json"))
