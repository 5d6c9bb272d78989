# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one backup, drill or restore of an app run at a time. The kernel releases the lock of a run that was killed."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from .config import BackupError

BACKGROUND = ("base backup", "beginning of an archive")  # what nobody has asked for
PATIENCE = 600.0


@contextmanager
def locked(
    directory: Path, purpose: str, patience: float = PATIENCE, waits_for: Sequence[str] = BACKGROUND
) -> Iterator[None]:
    """Hold a directory's lock, by default the app's. Work of these purposes is waited for, for so many seconds. Raise
    BackupError with who has the lock when it is taken."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        _lock(file, directory, time.monotonic() + patience, waits_for)
        file.truncate(0)
        file.seek(0)
        file.write(f"A {purpose} (process {os.getpid()}, since {time.strftime('%H:%M:%S UTC', time.gmtime())})")
        file.flush()
        yield
        file.truncate(0)


def _lock(file: IO[str], directory: Path, deadline: float, waits_for: Sequence[str]) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "another run"
            if not any(purpose in holder for purpose in waits_for) or time.monotonic() > deadline:
                raise BackupError(
                    f"{holder} is at work on {directory}. Nothing was done; run this again when it has ended."
                ) from None
        time.sleep(0.5)
