# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes base backups, from which archived WAL is replayed, and forgets those that no point in time needs any more."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._app.program import CommandError, run
from . import manifest, room, segments, slot
from .config import MIB, BackupError
from .context import Context
from .lock import locked
from .repository import BASE, Snapshot
from .take import own, remembered, staging

TAR = "base.tar"
DAY = 86400
_SEGMENT = re.compile(r"START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)")


@dataclass(frozen=True)
class Base:
    """A base backup, as its tags tell. `until` is when it had ended: no earlier time can be reached from it. `segment`
    is the first that it needs, `size` that of a segment in bytes, `bytes` its own."""

    id: str
    service: str
    chain: str
    segment: str
    until: int
    size: int
    bytes: int

    @property
    def tags(self) -> list[str]:
        """Return the tags of its snapshot."""
        given = {key: value for key, value in vars(self).items() if key != "id"}
        return [BASE, *(f"{key}={value}" for key, value in given.items())]


def read(snapshots: Iterable[Snapshot]) -> list[Base]:
    """Return the base backups among snapshots, the oldest first."""
    found = []
    for snapshot in snapshots:
        tags = dict(tag.partition("=")[::2] for tag in snapshot.tags if "=" in tag)
        if {"service", "chain", "segment", "until", "size", "bytes"} <= tags.keys():
            numbers = {key: int(tags[key]) for key in ("until", "size", "bytes")}
            words = {key: tags[key] for key in ("service", "chain", "segment")}
            found.append(Base(id=snapshot.id, **words, **numbers))
    return sorted(found, key=lambda base: base.until)


def bases(context: Context, service: str = "") -> list[Base]:
    """Return the base backups of a service, or all, the oldest first."""
    return [base for base in read(context.repository.snapshots(BASE)) if service in ("", base.service)]


def unneeded(there: Sequence[Base], now: float, days: float) -> list[Base]:
    """Return those base backups of one service from which no time of the last days need be reached: all that are older
    than the newest one which had ended before those days began."""
    before = [base for base in there if base.until <= now - days * DAY]
    return before[:-1]


def is_due(last: Mapping[str, Any], chain: Mapping[str, Any], now: float, days: float) -> bool:
    """Tell whether a chain needs a base backup: it has none, or that one is `days` old."""
    return last.get("chain") != chain["name"] or now - last["time"] > days * DAY


def label(path: Path) -> str:
    """Return the first segment that a base backup needs, from the label in its tar."""
    with tarfile.open(path) as tar:
        file = tar.extractfile("backup_label")
        found = _SEGMENT.search(file.read().decode() if file else "")
    if not found:
        raise BackupError("The base backup has no backup_label. Nothing was stored; run this again.")
    return found[1]


def make(context: Context, service: str, only_if_due: bool = False) -> dict[str, Any]:
    """Make a base backup of the running chain. Return figures, none when another run has made one meanwhile. Raise
    BackupError when it fails."""
    config, began = context.config, context.clock()
    with locked(config.directory, "base backup"), remembered(context, "base"):
        chain = context.wal_state(service).read().get("chain")
        if not chain:
            raise BackupError(f"The WAL of {service} is not archived at present, so that a base backup is of no use.")
        if only_if_due and not is_due(context.base_state(service).read(), chain, context.clock(), config.base_days):
            return {}
        own(context)
        with staging(config, BASE) as folder:
            base = _gather(context, service, chain, folder)
            made = context.repository.backup([BASE], [*base.tags, f"app={config.app}"], config.directory)
        sizes = {"bytes": base.bytes, "added": made["data_added"], "seconds": round(context.clock() - began, 1)}
        result = {"id": made["snapshot_id"][:8], "chain": chain["name"], "time": began, "until": base.until, **sizes}
        context.base_state(service).note(**result)
        return result


def _gather(context: Context, service: str, chain: Mapping[str, Any], folder: Path) -> Base:
    """Write the base backup and its manifest into a directory, whole."""
    container, user = context.container(service), context.config.services[service]
    server = context.server(next(d for d in context.config.databases if d.service == service))
    needed = int(slot.read(server.ask(slot.NOW))["bytes"]) + 64 * MIB
    room.require({folder: needed}, context.config.reserve * MIB, "a base backup")
    path = folder / TAR
    copy_cluster(container.id, user, path, context.config.seconds)
    after = slot.read(server.ask(slot.NOW))
    if after["system"] != chain["system"]:
        raise BackupError("Another database cluster runs than the one whose WAL is archived. Nothing was stored.")
    until, size = int(after["time"]) + 1, path.stat().st_size
    base = Base("", service, chain["name"], label(path), until, int(after["size"]), size)
    about = {**vars(base), "version": manifest.VERSION, "server": after["version"], "lsn": after["lsn"]}
    about |= {"command": container.command, "image": container.image_name, "app": context.config.app}
    (folder / manifest.FILE).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return base


def copy_cluster(container: str, user: str, path: Path, timeout: float) -> None:
    """Write a server's files as a tar. Raise BackupError when pg_basebackup does not end with 0."""
    how = ["--pgdata=-", "--format=tar", "--wal-method=none", "--checkpoint=fast", f"--username={user}"]
    command = ["docker", "exec", container, "nice", "-n", "10", "pg_basebackup", *how, "--no-password"]
    try:
        with path.open("wb") as file:
            run(command, stdout=file, timeout=timeout)
    except CommandError as error:
        raise BackupError(explain(str(error), user)) from error


def explain(said: str, user: str) -> str:
    """Return why there is no base backup."""
    if "pg_hba.conf" in said:
        return f"PostgreSQL lets {user} make no base backup. Add to pg_hba.conf: local replication {user} trust\n{said}"
    if "single tablespace" in said:
        return f"A server with tablespaces of its own has no archive of WAL yet. Set backup_wal to false.\n{said}"
    return f"PostgreSQL did not give a base backup to its end. Nothing was stored; run this again.\n{said}"


def prune(context: Context) -> None:
    """Forget what no point in time of the last days needs: base backups, WAL before the oldest one, pieces of segments
    that are there as a whole, chains without a base backup."""
    there, now, days = bases(context), context.clock(), context.config.wal_days
    its = ([base for base in there if base.service == service] for service in context.config.archived)
    if old := [base for some in its for base in unneeded(some, now, days)]:
        context.repository.forget_these([base.id for base in old])
    kept = [base for base in there if base not in old]
    running = {context.wal_state(service).read().get("chain", {}).get("name") for service in context.config.archived}
    for chain in context.archive.names():
        firsts = [base for base in kept if base.chain == chain]
        if not firsts and chain not in running:
            context.archive.purge(chain)
            continue
        pieces = segments.parse(context.archive.names(chain))
        size = firsts[0].size if firsts else 16 * MIB
        first = min((base.segment for base in firsts), key=lambda segment: segment[8:], default="")
        context.archive.delete(chain, [piece.name for piece in segments.superfluous(pieces, first, size)])
