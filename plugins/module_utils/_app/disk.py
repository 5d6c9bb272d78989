# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks how much of a disk is free."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Disk:
    """A disk by its device's number, and the bytes and inodes on it that a program may still take."""

    device: int
    free: int
    inodes: int | None  # None where the file system has no fixed number of them

    @property
    def free_mib(self) -> int:
        """Return the whole MiB that are free."""
        return self.free // MIB


def existing(place: Path) -> Path:
    """Return a place, or the nearest directory above it that is there: what is written there later goes to its disk."""
    return next(path for path in (place, *place.parents) if path.exists())


def disk_of(place: Path) -> Disk:
    """Return the disk that a place is on, or will be on once it is made. Raise OSError when it cannot be asked."""
    there = existing(place)
    found = os.statvfs(there)
    inodes = found.f_favail if found.f_files else None
    return Disk(there.stat().st_dev, found.f_bavail * found.f_frsize, inodes)
