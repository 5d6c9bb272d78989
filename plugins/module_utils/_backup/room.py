# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks whether a disk has room before anything is written to it. A full disk would stop the live database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from .._app.disk import disk_of
from .._app.program import run
from .config import MIB, BackupError


def shortages(needs: Iterable[tuple[int, str, int]], free: Mapping[int, int], reserve: int) -> list[str]:
    """Return a sentence for each disk that has not enough. A need is a disk, the place and bytes; needs of one disk
    add up, and `reserve` bytes of each disk stay free."""
    total: dict[int, int] = {}
    place: dict[int, str] = {}
    for disk, where, wanted in needs:
        total[disk] = total.get(disk, 0) + wanted
        place.setdefault(disk, where)
    return [
        f"{place[disk]}: {_mib(free[disk])} MiB are free, {_mib(wanted + reserve)} MiB are needed "
        f"({_mib(reserve)} of them stay free)"
        for disk, wanted in total.items()
        if free[disk] < wanted + reserve
    ]


def _mib(size: int) -> int:
    return -(-size // MIB)


def require(needs: Mapping[Path, int], reserve: int, what: str) -> None:
    """Raise BackupError when a disk has no room for what is about to be written, in bytes by place."""
    disks = {place: disk_of(place) for place in needs}
    wanted = [(disks[place].device, str(place), size) for place, size in needs.items()]
    if found := shortages(wanted, {disk.device: disk.free for disk in disks.values()}, reserve):
        raise BackupError(
            f"There is no room for {what}. {'; '.join(found)}. Make room, or give the droplet a bigger disk."
        )


def docker_directory() -> Path:
    """Return where Docker keeps volumes."""
    return Path(run(["docker", "info", "--format", "{{.DockerRootDir}}"]).strip() or "/var/lib/docker")
