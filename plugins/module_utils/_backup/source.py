# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a restore takes its data from. A dump in the repository is one source; others have the same three functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from .._app.sql import Database
from . import base, manifest, point, postgres
from .config import BackupError
from .context import Context
from .manifest import Counts
from .pipe import pipe
from .point import END, PointInTime
from .repository import Snapshot, choose
from .server import Server
from .take import STAGING, dump_file, globals_file

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?.*")


class Source(Protocol):
    """What fills an empty database, and says what has to be in it then. `until` is the time, in seconds since 1970, up
    to which it has what was written."""

    until: float

    @property
    def label(self) -> str:
        """Return what is restored, as people read it."""

    def properties(self, database: Database) -> Mapping[str, Any]:
        """Return what the database was like (`postgres.PROPERTIES`); `bytes` is its size."""

    def roles(self, database: Database) -> str:
        """Return the roles of its server as SQL."""

    def counts(self, database: Database) -> Counts:
        """Return rows and checksum of each table."""

    def fill(self, server: Server, database: Database, name: str, *options: str) -> None:
        """Fill the database `name` of a server, which is empty, from `database`."""


@dataclass(frozen=True)
class Dump:
    """A logical dump in a snapshot of the repository."""

    context: Context
    snapshot: Snapshot
    manifest: Mapping[str, Any]

    @property
    def until(self) -> float:
        return self.snapshot.time

    @property
    def label(self) -> str:
        return f"backup {self.snapshot.id} of {self.snapshot.at}"

    def _entry(self, database: Database) -> Mapping[str, Any]:
        entry = self.manifest["databases"].get(database.name)
        if entry is None:
            names = ", ".join(self.manifest["databases"]) or "no database"
            raise BackupError(f"The {self.label} has no database {database.name}; it has {names}.")
        return entry

    def properties(self, database: Database) -> Mapping[str, Any]:
        return self._entry(database)["properties"]

    def counts(self, database: Database) -> Counts:
        return self._entry(database)["counts"]

    def roles(self, database: Database) -> str:
        was = Database(self._entry(database)["service"], database.name, database.user)
        return self.context.repository.read(self.snapshot.id, f"/{STAGING}/{globals_file(was)}")

    def fill(self, server: Server, database: Database, name: str, *options: str) -> None:
        self._entry(database)
        repository = self.context.repository
        reading = repository.reading(self.snapshot.id, f"/{STAGING}/{dump_file(database.name)}")
        pipe(
            reading,
            postgres.pg_restore(server.container, server.user, name, *options),
            timeout=self.context.config.seconds,
            env=repository.env,
        )


def is_time(to: str) -> bool:
    """Tell whether a restore is asked for to a point in time, or to the end of what was archived."""
    return to == END or bool(_TIME.fullmatch(to))


@contextmanager
def find(context: Context, to: str) -> Iterator[Source]:
    """Give the source that `to` names: latest, a backup's id, a point in time, or `end` for all that was archived.
    Raise BackupError when there is none. What a point in time needs is removed afterwards."""
    if is_time(to):
        require_archive(context)
        point = PointInTime(context, to)
        try:
            yield point
        finally:
            point.close()
        return
    snapshot = choose(context.repository.snapshots(), to)
    text = context.repository.read(snapshot.id, f"/{STAGING}/{manifest.FILE}")
    yield Dump(context, snapshot, manifest.read(text))


def require(context: Context, to: str) -> None:
    """Raise BackupError when `to` names nothing that there is. Only what is stored is read: the live database may be
    what is broken."""
    if not is_time(to):
        choose(context.repository.snapshots(), to)
        return
    require_archive(context)
    PointInTime(context, to)  # refuses what is no time, or in the future
    for service in context.config.archived:
        point.choose(base.bases(context, service), point.moment(to), service)


def require_archive(context: Context) -> None:
    """Raise BackupError, with the newest backup, when WAL is not archived."""
    if not context.config.archived:
        newest = choose(context.repository.snapshots(), "latest")
        raise BackupError(
            "A point in time needs continuous archiving (backup_wal), which is not on. Restore a backup: "
            f"{newest.id} is of {newest.at}."
        )
