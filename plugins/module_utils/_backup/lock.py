# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets one backup, drill or restore of an app run at a time. The kernel releases the lock of a run that was killed."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .config import BackupError


@contextmanager
def locked(directory: Path, purpose: str) -> Iterator[None]:
    """Hold the app's lock. Raise BackupError with who has it when it is taken."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = file.read().strip() or "another run"
            raise BackupError(
                f"{holder} is at work on {directory}. Nothing was done; run this again when it has ended."
            ) from None
        file.truncate(0)
        file.write(f"A {purpose} (process {os.getpid()}, since {time.strftime('%H:%M:%S UTC', time.gmtime())})")
        file.flush()
        yield
        file.truncate(0)
