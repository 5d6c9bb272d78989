# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the files of a volume back into a new volume beside it: files in use are not exchanged under a running app."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from .._app.program import run
from . import names, room, volumes
from .config import MIB, BackupError
from .context import Context
from .lock import locked
from .repository import Snapshot, choose

LABEL = "izzzi.backup.restored"
UNFINISHED = ".izzzi-restore"  # removed last: with it, the files are not all there


def path_of(snapshot: Snapshot, volume: str) -> str:
    """Return where a volume's files are in a snapshot. Raise BackupError when it has none."""
    found = [path for path in snapshot.paths if path.endswith(f"/volumes/{volume}/_data")]
    if not found:
        raise BackupError(
            f"The backup {snapshot.id} of {snapshot.at} has no volume {volume}. Volumes are named as Docker does, and "
            "only those in backup_volumes are backed up."
        )
    return found[0]


def restore(context: Context, volume: str, to: str = "latest") -> dict[str, Any]:
    """Restore a volume's files into a new volume. Return its name and figures. One of before goes."""
    began = context.clock()
    with locked(context.config.directory, "restore"):
        snapshot = choose(context.repository.snapshots(), to)
        path = path_of(snapshot, volume)
        needed = context.repository.size(snapshot.id)
        room.require({room.docker_directory(): needed}, context.config.reserve * MIB, f"the files of {volume}")
        former = run(["docker", "volume", "ls", "--quiet", f"--filter=label={LABEL}={volume}"]).split()
        new = f"{volume}_{names.RESTORED}_{names.stamp(began)}"
        run(["docker", "volume", "create", f"--label={LABEL}={volume}", new])
        try:
            count = _fill(context, snapshot, path, volumes.find([new])[new])
        except BaseException:
            run(["docker", "volume", "rm", new])
            raise
        for old in former:
            run(["docker", "volume", "rm", old])
        seconds = round(context.clock() - began, 1)
        what = f"backup {snapshot.id} of {snapshot.at}"
        return {"what": what, "volume": volume, "into": new, "files": count, "time": began, "seconds": seconds}


def fill_empty(context: Context, volume: str, snapshot: Snapshot) -> dict[str, Any]:
    """Restore a volume's files into the volume itself, which is made where it is missing. One that has files already is
    left as it is, unless they are those of such a restore that was killed. Return figures."""
    began = context.clock()
    with locked(context.config.directory, "restore"):
        path = path_of(snapshot, volume)
        run(["docker", "volume", "create", volume])  # one that is there stays as it is
        place = volumes.find([volume])[volume]
        result = {"what": f"backup {snapshot.id} of {snapshot.at}", "volume": volume, "into": volume, "time": began}
        if not is_free(place):
            return {**result, "files": 0, "left": True}
        needed = context.repository.size(snapshot.id)
        room.require({room.docker_directory(): needed}, context.config.reserve * MIB, f"the files of {volume}")
        clear(place)
        count = _fill(context, snapshot, path, place)
        return {**result, "files": count, "left": False, "seconds": round(context.clock() - began, 1)}


def is_free(place: Path) -> bool:
    """Tell whether a volume has no files, or only those of a restore that was killed."""
    names = {entry.name for entry in place.iterdir()} - {"lost+found"}
    return not names or UNFINISHED in names


def clear(place: Path) -> None:
    """Remove what a restore that was killed has left in a volume."""
    for entry in place.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def _fill(context: Context, snapshot: Snapshot, path: str, place: Path) -> int:
    """Write the files on the volume's own disk, then move them up to where the volume begins. Return their number."""
    beside = place / UNFINISHED
    context.repository.restore(snapshot.id, beside, path)
    root = beside / path.lstrip("/")
    for entry in root.iterdir():
        entry.rename(place / entry.name)
    shutil.copystat(root, place)
    os.chown(place, root.stat().st_uid, root.stat().st_gid)
    shutil.rmtree(beside)
    return sum(len(files) for _folder, _folders, files in os.walk(place))
