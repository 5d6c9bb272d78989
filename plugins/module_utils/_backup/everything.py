# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings all of an app's data back before its first release on a new host: databases, Redis, files of volumes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from .._app.program import CommandError
from .._app.until import until
from . import manifest, redis, restore, restore_redis, restore_volume
from .config import BackupError
from .context import Context
from .point import moment
from .repository import Snapshot, choose
from .restore import LIVE
from .source import is_time
from .take import STAGING


def bring_back(context: Context, to: str = "latest", sql: str = "") -> dict[str, Any]:
    """Restore each database, in which `sql` is run before it counts, Redis, and the volumes that have no files yet. All
    of it comes from one backup, also when a newer one is made meanwhile. Return what was done, part by part; `age` is
    in seconds, and what was written since then is lost. Raise BackupError at the first part that fails, and on a host
    that has made backups: its data is in use. Another run begins anew, and keeps what the databases had as after every
    restore."""
    config, began = context.config, context.clock()
    require_unused(context)
    snapshot = newest(context.repository.snapshots(), to)
    found = manifest.read(context.repository.read(snapshot.id, f"/{STAGING}/{manifest.FILE}"))
    source = to if is_time(to) else snapshot.id
    parts = [restore.restore(context, source, LIVE, database.name, sql) for database in config.databases]
    until = min((part["until"] for part in parts), default=snapshot.time)
    if config.redis and found.get("redis"):
        parts.append(restore_redis.restore(context, snapshot.id))
    parts += [restore_volume.fill_empty(context, volume, snapshot) for volume in config.volumes]
    return {
        "what": parts[0]["what"] if is_time(to) and parts else f"backup {snapshot.id} of {snapshot.at}",
        "id": snapshot.id,
        "parts": parts,
        "age": round(began - until),
        "rows": sum(part.get("rows", 0) for part in parts),
        "seconds": round(context.clock() - began, 1),
    }


def require_unused(context: Context) -> None:
    """Raise BackupError on a host that has made backups: its data is in use."""
    if made := context.state.read().get("backup"):
        raise BackupError(
            f"This host has made the backup {made['id']}, so that its data is in use. To bring back an older state: "
            "playbooks/restore.yml. Nothing was done."
        )


def foresee(context: Context, to: str) -> dict[str, Any]:
    """Return which backup `bring_back` would begin with. Raise BackupError when it would refuse."""
    require_unused(context)
    snapshot = newest(context.repository.snapshots(), to)
    return {"what": f"backup {snapshot.id} of {snapshot.at}", "id": snapshot.id, "loss": []}


def newest(snapshots: Sequence[Snapshot], to: str) -> Snapshot:
    """Return the backup that `to` names, or the newest one of before a point in time: what is not PostgreSQL's comes
    from there. Raise BackupError when there is none."""
    until = moment(to) if is_time(to) else None
    fitting = [snapshot for snapshot in snapshots if until is None or snapshot.time <= until]
    return choose(fitting, "latest" if is_time(to) else to)


def wait_for_services(
    context: Context,
    seconds: float,
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Return when the declared databases and Redis answer. Raise BackupError that says what does not in time."""
    if why := until(lambda: _missing(context), timeout=seconds, interval=2, clock=now, sleep=pause):
        raise BackupError(why)


def _missing(context: Context) -> str:
    try:
        for database in context.config.databases:
            context.server(database).databases()
        if context.config.redis:
            redis.cli(context.container(context.config.redis), redis.ROLE)
    except (BackupError, CommandError) as error:
        return str(error)
    return ""
