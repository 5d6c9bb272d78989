# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a backup: dumps and counts in one snapshot, roles, Redis, volumes; then one snapshot of restic.

Nothing is handed to restic before every program has ended with 0: a backup is whole, or there is none.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._app.program import CommandError
from .._app.sql import Database
from . import manifest, names, redis, room, tidy, volumes
from .config import MIB, BackupError, Config
from .context import Context
from .lock import locked
from .repository import Snapshot

STAGING = "staging"
NIGHTLY, RELEASE, UPGRADE, TAKEN = "nightly", "release", "upgrade", "taken-over"
RELEASES = {"last": 5}  # of those before a release's migrations, and of those that moved elsewhere
BACKWARDS = 300.0  # seconds that clocks may differ


def take(context: Context, tag: str = NIGHTLY, adopt: bool = False, force: bool = False) -> dict[str, Any]:
    """Make a backup and forget what need not be kept. Return its id and figures. Raise BackupError when it fails, and
    when the repository has backups of another host, unless this one shall go on with them (`adopt`)."""
    config, began = context.config, context.clock()
    with locked(config.directory, "backup"), remembered(context, "backup"):
        shutil.rmtree(config.directory / names.POINT, ignore_errors=True)  # of a killed restore to a point in time
        there = own(context, adopt)
        newest = [snapshot.time for snapshot in there][-1:]
        with staging(config) as folder:
            found = gather(context, folder)
            (folder / manifest.FILE).write_text(json.dumps(found, indent=1), encoding="utf-8")
            paths = [STAGING, *map(str, volumes.find(config.volumes).values())]
            made = context.repository.backup(paths, [tag, f"app={config.app}"], config.directory, force)
        result = figures(made, found, began, context.clock())
        context.state.note(backup=result)
        require_forward(newest, began)
        if not force:  # while others are damaged, restic refuses to prune
            context.repository.forget(config.keep if tag == NIGHTLY else RELEASES, tag)
        return result


def own(context: Context, adopt: bool = False) -> list[Snapshot]:
    """Open the repository, and remember that this host writes to it. Return the backups that there are. Raise
    BackupError when it is gone, or has the backups of another host, unless this host shall go on with it (`adopt`)."""
    known = context.state.read().get("repository", "")
    repository = context.repository.open("" if adopt else known)
    there = context.repository.snapshots()
    require_own(there, bool(known) or adopt, context.config.app)
    if known and repository != known:
        for service in context.config.archived:
            context.base_state(service).note(chain=None)  # the base backup was in the former one: another is due
    context.state.note(repository=repository)
    return there


def figures(made: Mapping[str, Any], found: Mapping[str, Any], began: float, ended: float) -> dict[str, Any]:
    """Return what is remembered of a backup: sizes are bytes."""
    counted = [database["counts"] for database in found["databases"].values()]
    return {
        "id": made["snapshot_id"][:8],
        "time": began,
        "seconds": round(ended - began, 1),
        "bytes": made["total_bytes_processed"],
        "added": made["data_added"],
        "rows": sum(manifest.rows(counts) for counts in counted),
    }


def require_own(there: Sequence[Snapshot], is_known: bool, app: str) -> None:
    """Raise BackupError when this host has written none of the backups that are there. Its data may be those of an app
    that was just installed, and would be the latest backup then."""
    if there and not is_known:
        raise BackupError(
            f"The repository has {len(there)} backups of {app} by another host, the newest of {there[-1].at}. Bring"
            " that data back first (playbooks/restore.yml -e to=latest). If this host has the data to go on with:"
            " playbooks/backup.yml -e adopt=true. Nothing was done."
        )


def require_forward(newest: list[float], now: float) -> None:
    """Raise BackupError when the clock has gone back behind the newest backup: by the calendar, this one would be the
    first to be forgotten."""
    if newest and newest[0] > now + BACKWARDS:
        raise BackupError(
            f"The backup is made, but the clock of this host is {(newest[0] - now) / 3600:.1f} h behind the newest one."
            " Nothing was forgotten. Correct the clock (timedatectl), then run this again."
        )


@contextmanager
def remembered(context: Context, what: str):
    """Note in the state what fails, and why, until it succeeds."""
    others = {key: value for key, value in context.state.read().get("failed", {}).items() if key != what}
    try:
        yield
    except Exception as error:
        context.state.note(failed={**others, what: {"why": str(error), "time": context.clock()}})
        raise
    context.state.note(failed=others or None)


@contextmanager
def staging(config: Config, name: str = STAGING):
    """Give an empty directory that is removed afterwards, also when the last run could not."""
    folder = config.directory / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def gather(context: Context, folder: Path) -> dict[str, Any]:
    """Write everything that is not a volume into the directory, and return the manifest."""
    config = context.config
    servers = {database: context.server(database) for database in config.databases}
    for database, server in servers.items():
        tidy.tidy(config.app, server, database)
    properties = {database: server.properties(database.name) for database, server in servers.items()}
    needed = sum(int(found["bytes"]) for found in properties.values()) + 64 * MIB
    room.require({folder: needed}, config.reserve * MIB, "a backup")
    found: dict[str, Any] = {"version": manifest.VERSION, "app": config.app, "time": context.clock(), "databases": {}}
    for database, server in servers.items():
        found["databases"][database.name] = {
            "properties": properties[database],
            "service": database.service,
            **_dump(server, database, folder),
        }
        (folder / globals_file(database)).write_text(server.globals(), encoding="utf-8")
    if config.redis:
        container = context.container(config.redis)
        redis.end_of_a_killed_run(container)
        found["redis"] = redis.save(container, folder / "redis.rdb", config.seconds)
    return found


def _dump(server, database: Database, folder: Path) -> dict[str, Any]:
    path = folder / dump_file(database.name)
    try:
        with server.snapshot(database.name) as session:
            server.dump(database.name, path, session.id)
            return {"counts": session.counts(), "dump_bytes": path.stat().st_size}
    except CommandError as error:
        raise BackupError(
            f"PostgreSQL did not give the database {database.name} to its end. Nothing was stored; look at the log of "
            f"the service {database.service}, and run this again.\n{error}"
        ) from error


def dump_file(name: str) -> str:
    """Return the file of a database's dump in a backup."""
    return f"database-{name}.dump"


def globals_file(database: Database) -> str:
    """Return the file of the roles of a database's server in a backup."""
    return f"roles-{database.service}.sql"
