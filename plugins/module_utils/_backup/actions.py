# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done with an app's backups: one code for the module, the verbs and the timers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import manifest, restore, restore_redis, restore_volume, source, state, table, wal, windows
from .config import BackupError
from .context import Context
from .drill import drill
from .repository import choose
from .restore import LIVE
from .take import NIGHTLY, take

HOUR = 3600
UNDO = "undo"


def now(context: Context, adopt: bool = False, tag: str = NIGHTLY) -> dict[str, Any]:
    """Make a backup, and the base backups that are due. One that follows none that was verified is proven at once,
    unless a release waits for it."""
    made = take(context, tag, adopt=adopt)
    if tag != NIGHTLY:
        return made
    if bases := wal.due(context):
        made["bases"] = bases
    if "verified" not in context.state.read():
        made["verified"] = drill(context)
    return made


def bring_back(context: Context, to: str, into: str, what: Mapping[str, Any]) -> dict[str, Any]:
    """Restore what has a value in `what`: a `table` of the `database`, a `volume`, `redis`, or else the `database`."""
    database = what.get("database") or ""
    if what.get("table"):
        return table.restore(context, what["table"], to, database)
    if what.get("volume"):
        return restore_volume.restore(context, what["volume"], to)
    if what.get("redis"):
        return restore_redis.restore(context, to)
    return restore.restore(context, to, into, database, what.get("sql") or "")


def changes_live(into: str, what: Mapping[str, Any]) -> bool:
    """Tell whether a restore puts something into the place of live data."""
    return bool(what.get("table") or what.get("redis")) or (into == LIVE and not what.get("volume"))


def require(context: Context, to: str, what: Mapping[str, Any]) -> None:
    """Raise BackupError when there is nothing to restore, or to undo: before visitors are turned away. For a restore
    only what is stored is read, since what is live may be broken. Which tables a point in time has is known when it has
    been replayed."""
    if to == UNDO:
        wanted = context.database(what.get("database") or "")
        restore.kept(context.server(wanted), wanted)
        return
    if what.get("redis"):
        restore_redis.require_redis(context.config)
    if what.get("volume") or what.get("redis"):
        snapshot = choose(context.repository.snapshots(), to)
        if what.get("volume"):
            restore_volume.path_of(snapshot, what["volume"])
        return
    wanted, name = context.database(what.get("database") or ""), what.get("table") or ""
    if name:
        table.split(name)
    source.require(context, to)
    if name and not source.is_time(to):
        with source.find(context, to) as found:
            table.key_of(found, wanted, name)


def foresee(context: Context, to: str, into: str, what: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `bring_back` would do, and what would be lost by it."""
    if what.get("volume") or what.get("redis"):
        snapshot = choose(context.repository.snapshots(), to)
        return {"what": f"backup {snapshot.id} of {snapshot.at}", "loss": []}
    name = what.get("table") or ""
    found = restore.predict(context, to, LIVE if name else into, what.get("database") or "")
    if name:
        found["loss"] = [line for line in found["loss"] if line.startswith((f"{name} ", f"{name}:"))]
    return found


def listing(context: Context) -> list[dict[str, Any]]:
    """Return the backups that there are, the newest first, with what each says of itself. Sizes are bytes."""
    verified = context.state.read().get("verified", {})
    rows = []
    for snapshot in reversed(context.repository.snapshots()):
        age = round((context.clock() - snapshot.time) / HOUR, 1)
        row = {"id": snapshot.id, "at": snapshot.at, "age": age, "tags": list(snapshot.tags)}
        proven = verified.get("proven") if verified.get("id") == snapshot.id else None
        rows.append({**row, **_content(context, snapshot.id), "proven": proven})
    return rows


def overview(context: Context) -> dict[str, Any]:
    """Return the backups, and the stretches of time of which every second can be had back."""
    return {"backups": listing(context), "windows": windows.windows(context)}


def _content(context: Context, snapshot: str) -> dict[str, Any]:
    try:
        found = manifest.read(context.repository.read(snapshot, f"/staging/{manifest.FILE}"))
    except BackupError as error:
        return {"trouble": str(error).splitlines()[0]}
    databases = found["databases"].values()
    return {
        "databases": list(found["databases"]),
        "bytes": sum(int(database.get("dump_bytes", 0)) for database in databases),
        "rows": sum(manifest.rows(database["counts"]) for database in databases),
    }


def report(context: Context) -> dict[str, Any]:
    """Return what is remembered, with ages and troubles, and the state of each archive."""
    found, now = state.report(context.state.read(), context.config, context.clock()), context.clock()
    archives = {}
    for service in context.config.archived:
        known = context.wal_state(service).read(), context.base_state(service).read()
        archives[service] = windows.report(*known, now)
        found["troubles"] += windows.troubles(service, *known, context.config, now)
    return {**found, "archives": archives}
