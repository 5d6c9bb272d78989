# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves a backup: restores all of it into a scratch PostgreSQL, compares, and throws it away."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from . import fill, manifest, names, redis, room, scratch
from .config import MIB, BackupError
from .context import Context
from .lock import locked
from .source import Dump, Source, find
from .take import STAGING, remembered


def drill(context: Context, to: str = "latest") -> dict[str, Any]:
    """Restore a backup where nobody sees it and compare each table with what was counted. Only then it is verified.
    Return figures. Raise BackupError when it is not what it should be, or when there is no room to find out."""
    config, began = context.config, context.clock()
    with locked(config.directory, "drill"), remembered(context, "drill"), find(context, to) as source:
        scratch.sweep(config.app)
        require_room(context, source)
        counted = [_prove(context, source, database) for database in config.databases]
        found = {"tables": sum(c["tables"] for c in counted), "rows": sum(c["rows"] for c in counted)}
        if isinstance(source, Dump):
            found |= {"id": source.snapshot.id, "time": source.snapshot.time, **_prove_redis(context, source)}
            context.repository.check(config.check_share)
            found |= {"replayed": _replay(context)} if to == "latest" else {}
        result = {"time": began, **found, "proven": context.clock(), "seconds": round(context.clock() - began, 1)}
        context.state.note(verified=result)
        return result


def require_room(context: Context, source: Source) -> None:
    """Raise BackupError when the largest database has no place beside the live ones."""
    sizes = [int(source.properties(database)["bytes"]) for database in context.config.databases]
    needed = int(max(sizes, default=0) * 1.3) + 128 * MIB
    room.require({room.docker_directory(): needed}, context.config.reserve * MIB, "a drill")


def _prove(context: Context, source: Source, database) -> dict[str, Any]:
    live = context.container(database.service)
    with scratch.scratch_server(context.config, live, database.user, context.clock()) as server:
        return fill.make(server, source, database, f"{database.name[:50]}_drill")


def _replay(context: Context) -> dict[str, Any]:
    """Replay the archived WAL up to the last second that it has, and read every row of every table there. Return by
    service which time was proven. One that has no base backup of its chain yet is left out: its state says so."""
    proven = {}
    for service in context.config.archived:
        state, base = context.wal_state(service).read(), context.base_state(service).read()
        until = state.get("archived") or 0
        if base.get("chain") == state.get("chain", {}).get("name") and until >= base.get("until", until + 1):
            its = [database for database in context.config.databases if database.service == service]
            with find(context, names.utc(until)) as source:
                counts = [source.counts(database) for database in its]
            proven[service] = {"until": until, "rows": sum(map(manifest.rows, counts))}
    return proven


def _prove_redis(context: Context, source: Dump) -> dict[str, Any]:
    """Let Redis' own program read the RDB, and compare its keys with those that were counted."""
    recorded = source.manifest.get("redis")
    if not recorded or not context.config.redis:
        return {}
    target = context.config.directory / "drill"
    try:
        context.repository.restore(source.snapshot.id, target, f"/{STAGING}/redis.rdb")
        return {"redis_keys": require_keys(context, target / STAGING / "redis.rdb", recorded)}
    finally:
        shutil.rmtree(target, ignore_errors=True)


def require_keys(context: Context, path: Path, recorded: dict[str, int]) -> int:
    """Return the keys of an RDB. Raise BackupError when they are not those that were counted."""
    found = redis.check(context.container(context.config.redis), path, context.config.seconds)
    if found["keys"] != recorded["keys"]:
        raise BackupError(f"Redis' RDB has {found['keys']} keys in place of {recorded['keys']}.")
    return found["keys"]
