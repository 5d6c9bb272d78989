# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database as it was at a point in time: a base backup and archived WAL, replayed by a scratch server."""

from __future__ import annotations

import gzip
import os
import shutil
import time
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._app.program import run
from .._app.sql import Database
from . import base, manifest, names, postgres, room, scratch, segments
from .base import Base
from .config import MIB, BackupError
from .containers import Container
from .context import Context
from .pipe import pipe
from .repository import BASE
from .segments import Piece
from .server import Server

END = "end"
FLUSH, PATIENCE = "flush", 60.0
# Nobody may look before the target is reached; nothing of the live server's surroundings is there.
OPTIONS = ("hot_standby=off", "recovery_target_action=promote", "shared_buffers=64MB", "ssl=off", "port=5432")
OPTIONS += ("archive_mode=off", "synchronous_standby_names=", "primary_conninfo=", "primary_slot_name=")
OPTIONS += ("restore_command=cp /wal/%f %p", "recovery_target_timeline=latest", "max_wal_size=256MB")
UNREPLAYED = "The archived WAL cannot be replayed"


def moment(to: str) -> float | None:
    """Return the time that is written, in seconds since 1970, and None for the end of the archive. Without a zone it
    is UTC. Raise BackupError when it is not a time."""
    if to == END:
        return None
    try:
        found = datetime.fromisoformat(to.strip().removesuffix("UTC").strip())
    except ValueError as error:
        raise BackupError(f"{to!r} is not a time such as 2026-11-28 04:31:00 (UTC) or ...+01:00.") from error
    return found.replace(tzinfo=found.tzinfo or UTC).timestamp()


def choose(there: Sequence[Base], until: float | None, service: str) -> Base:
    """Return the base backup from which a time is reached. Raise BackupError when all are later."""
    if not there:
        raise BackupError(f"There is no base backup of {service} yet, so that no point in time can be had back.")
    fitting = [found for found in there if until is None or found.until <= until]
    if not fitting:
        raise BackupError(
            f"{names.utc(until or 0)} is before the first base backup of {service}. The first second that can be had "
            f"back is {names.utc(there[0].until)}."
        )
    return fitting[-1]


def require_reached(pieces: Sequence[Piece], until: float | None, later: Sequence[Base]) -> None:
    """Raise BackupError when the archive ends before a time, with the last second that it has."""
    end = segments.last(pieces)
    if until is not None and end < until:
        more = f" The archive goes on at {names.utc(later[0].until)}." if later else ""
        known = f"The last second that can be had back is {names.utc(end)}." if end else "The archive is empty."
        raise BackupError(f"{names.utc(until)} is not archived. {known}{more}")


def recovery(until: float | None) -> list[str]:
    """Return PostgreSQL's options for the time at which it stops: what was committed at that time is in."""
    if until is None:
        return []
    text = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return [f"recovery_target_time={text}", "recovery_target_inclusive=on"]


def assemble(pieces: Sequence[Piece], fetched: Path, target: Path, size: int) -> None:
    """Write a segment from its pieces. Those that cannot be read are left out as far as others have the same. Raise
    BackupError when it is not whole."""
    content = {piece: data for piece in pieces if (data := unpack(fetched / piece.name, piece))}
    wanted = max(piece.end for piece in pieces)
    found = segments.cover(content)
    if not found or found[-1].end < wanted:
        raise BackupError(f"The WAL segment {pieces[0].segment} is damaged or missing. Choose a time before it.")
    with target.open("wb") as file:
        for piece in found:
            file.seek(piece.start)
            file.write(content[piece])
        file.truncate(size)
    target.chmod(0o644)


def unpack(path: Path, piece: Piece) -> bytes:
    """Return the bytes of a piece, none when its file is missing or damaged."""
    try:
        data = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        return b""
    return data if len(data) == piece.end - piece.start else b""


class PointInTime:
    """A source whose databases are those of a moment. Each service's scratch server starts when it is asked for the
    first time, and lives until `close`."""

    def __init__(self, context: Context, to: str):
        self._context, self._until = context, moment(to)
        self.until = self._until or 0.0  # for the end of the archive it is known when that has been read
        self._servers: dict[str, Server] = {}
        self._counts: dict[Database, manifest.Counts] = {}
        if self._until is not None and self._until > context.clock():
            raise BackupError(f"{to} is in the future: this host has {names.utc(context.clock())}.")
        self.label = "end of the archive" if self._until is None else f"state of {names.utc(self._until)}"

    def properties(self, database: Database) -> Mapping[str, Any]:
        server = self._server(database)
        if database.name not in (there := server.databases()):
            raise BackupError(f"The {self.label} has no database {database.name}; it has {', '.join(there)}.")
        return server.properties(database.name)

    def roles(self, database: Database) -> str:
        return self._server(database).globals()

    def counts(self, database: Database) -> manifest.Counts:
        self.properties(database)
        if database not in self._counts:
            self._counts[database] = self._server(database).counts(database.name)
        return self._counts[database]

    def fill(self, server: Server, database: Database, name: str, *options: str) -> None:
        mine = self._server(database)
        dump = postgres.pg_dump(mine.container, mine.user, database.name)
        into = postgres.pg_restore(server.container, server.user, name, *options)
        pipe(dump, into, timeout=self._context.config.seconds)

    def close(self) -> None:
        """Remove the scratch servers and their files."""
        scratch.remove([server.container for server in self._servers.values()])
        shutil.rmtree(self._context.config.directory / names.POINT, ignore_errors=True)

    def _server(self, database: Database) -> Server:
        if database.service not in self._servers:
            self._start(database)
        return self._servers[database.service]

    def _start(self, database: Database) -> None:
        context, service = self._context, database.service
        await_archived(context, service, self._until)
        there = base.bases(context, service)
        chosen = choose(there, self._until, service)
        files = context.archive.names(chosen.chain)
        pieces = segments.needed(segments.parse(files), chosen.segment, chosen.size, self._until)
        require_reached(pieces, self._until, [found for found in there if found.until > (self._until or 0)])
        self.until = self._until or segments.last(pieces)
        folder = prepare(context, service)
        needed = chosen.bytes + 2 * chosen.size * len({piece.segment for piece in pieces}) + 512 * MIB
        room.require({folder: needed}, context.config.reserve * MIB, "a point in time")
        bring_wal(context, chosen, pieces, filter(segments.is_history, files), folder)
        bring_base(context, chosen, folder / "data")
        container = context.container(service)
        name = scratch.name(context.config.app, context.clock())
        self._servers[service] = Server(name, database.user, context.config.seconds)
        run(command(context, name, container, database.user, folder, self._until), timeout=120)
        scratch.wait(self._servers[service], context.config.seconds, UNREPLAYED)


def await_archived(context: Context, service: str, until: float | None) -> None:
    """Let the archiving of this host send what it has, when it is at work and a time is not archived yet."""
    state, wanted = context.wal_state(service), until or context.clock()
    known, deadline = state.read(), context.clock() + PATIENCE
    if not known.get("chain") or context.clock() - (known.get("archived") or 0) > PATIENCE * 3:
        return
    while (state.read().get("archived") or 0) < wanted and context.clock() < deadline:
        (context.wal_directory(service) / FLUSH).touch(mode=0o600)
        time.sleep(0.5)


def prepare(context: Context, service: str) -> Path:
    """Return an empty directory for a scratch server's files."""
    folder = context.config.directory / names.POINT / service
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("data", "wal", "fetched"):
        (folder / name).mkdir(parents=True)
    (folder / "wal").chmod(0o755)  # a hardened host's umask keeps others out, and PostgreSQL is not root
    return folder


def bring_wal(context: Context, chosen: Base, pieces: Sequence[Piece], histories, folder: Path) -> None:
    """Write the segments that are needed, whole, into the directory from which the scratch server reads them."""
    histories = list(histories)
    said = context.archive.fetch(chosen.chain, [*(piece.name for piece in pieces), *histories], folder / "fetched")
    by_segment: dict[str, list[Piece]] = {}
    for piece in pieces:
        by_segment.setdefault(piece.segment, []).append(piece)
    for segment, its in by_segment.items():
        try:
            assemble(its, folder / "fetched", folder / "wal" / segment, chosen.size)
        except BackupError as error:
            raise BackupError("\n".join([str(error), *([said] if said else [])])) from error
    for history in histories:
        with suppress(FileNotFoundError):
            shutil.move(folder / "fetched" / history, folder / "wal" / history)
            (folder / "wal" / history).chmod(0o644)
    shutil.rmtree(folder / "fetched")


def bring_base(context: Context, chosen: Base, data: Path) -> None:
    """Unpack a base backup, so that PostgreSQL begins to recover from it."""
    reading = context.repository.reading(chosen.id, f"/{BASE}/{base.TAR}")
    tar = ["tar", "--extract", "--numeric-owner", "--same-owner", f"--directory={data}"]
    pipe(reading, tar, timeout=context.config.seconds, env=context.repository.env)
    owner = (data / "PG_VERSION").stat()
    (data / "recovery.signal").touch(mode=0o600)
    for path in (data, data / "recovery.signal"):
        os.chown(path, owner.st_uid, owner.st_gid)
    data.chmod(0o700)


def command(
    context: Context, name: str, container: Container, user: str, folder: Path, until: float | None
) -> list[str]:
    """Return the command that starts a scratch server on an unpacked base backup."""
    mounts = [f"--volume={folder}/data:/restored", f"--volume={folder}/wal:/wal:ro", "--env=PGDATA=/restored"]
    words = scratch.command(container.command)
    options = [part for option in (*OPTIONS, *recovery(until)) for part in ("-c", option)]
    return scratch.docker_run(name, context.config, container.image, user, [*words, *options], mounts)
