# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings Redis' data back: a second Redis in the same network reads the RDB, the live one copies it.

So Redis' own replication exchanges the data at once, and its append-only file follows, whatever its settings are.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app.program import run
from . import redis, scratch
from .config import BackupError, Config
from .containers import Container
from .context import Context
from .lock import locked
from .repository import choose
from .take import STAGING

BEFORE = "redis-before.rdb"
FOLLOW = f"REPLICAOF 127.0.0.1 {redis.PORT}\n"
SIZE = "INFO keyspace\n"


def has_copied(role: Mapping[str, str]) -> bool:
    """Tell whether it has copied everything."""
    return role.get("master_link_status") == "up" and role.get("master_sync_in_progress") == "0"


def size(keyspace: Mapping[str, str]) -> int:
    """Return the number of keys in all of Redis' databases, from what INFO keyspace says."""
    pairs = (pair.split("=") for line in keyspace.values() for pair in line.split(","))
    return sum(int(value) for name, value in pairs if name == "keys")


def docker_run(name: str, app: str, live: Container, folder: Path) -> list[str]:
    """Return the command that starts the second Redis, reachable for the live one alone."""
    who = [f"--name={name}", f"--label={scratch.LABEL}={app}", f"--network=container:{live.id}", "--user=0"]
    server = [
        "--entrypoint=redis-server",
        live.image,
        "--port",
        str(redis.PORT),
        "--bind",
        "127.0.0.1",
        "--dir",
        "/restore",
    ]
    rest = ["--dbfilename", "redis.rdb", "--save", "", "--appendonly", "no", "--protected-mode", "no"]
    return ["docker", "run", "--detach", "--pull=never", *who, f"--volume={folder}:/restore:ro", *server, *rest]


def require_redis(config: Config) -> None:
    """Raise BackupError when there is no Redis whose data could come back."""
    if not config.redis:
        raise BackupError("No Redis is backed up. Give backup_redis, and run playbooks/deploy.yml.")


def restore(context: Context, to: str = "latest") -> dict[str, Any]:
    """Put the data of a backup into the place of Redis' present data, which is saved first. Raise BackupError when it
    cannot be done; Redis is itself again then, with the present data or the restored data, and never with half."""
    config, began = context.config, context.clock()
    require_redis(config)
    with locked(config.directory, "restore"):
        live = context.container(config.redis)
        scratch.sweep(config.app)
        redis.end_of_a_killed_run(live)
        snapshot = choose(context.repository.snapshots(), to)
        folder = config.directory / "redis"
        try:
            context.repository.restore(snapshot.id, folder, f"/{STAGING}/redis.rdb")
            keys = redis.check(live, folder / STAGING / "redis.rdb", config.seconds)["keys"]
            redis.save(live, config.directory / BEFORE, config.seconds)
            _copy(live, config.app, folder / STAGING, began, config.seconds)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        found = size(redis.facts(redis.cli(live, SIZE)))
        what, seconds = f"backup {snapshot.id} of {snapshot.at}", round(context.clock() - began, 1)
        kept = str(config.directory / BEFORE)
        return {
            "what": what,
            "into": "Redis",
            "keys": found,
            "read": keys,
            "kept": kept,
            "time": began,
            "seconds": seconds,
        }


def _copy(live: Container, app: str, folder: Path, now: float, timeout: float) -> None:
    name = scratch.name(app, now)
    try:
        run(docker_run(name, app, live, folder))
        redis.cli(live, FOLLOW)
        deadline = time.monotonic() + timeout
        while not has_copied(redis.facts(redis.cli(live, redis.ROLE))):
            running = run(["docker", "ps", "--quiet", f"--filter=name=^{name}$"]).strip()
            if not running or time.monotonic() > deadline:
                raise BackupError(f"Redis did not copy the restored data. {scratch.last_words(name)}")
            time.sleep(0.3)
    finally:
        redis.cli(live, redis.ALONE)
        scratch.remove([name])
