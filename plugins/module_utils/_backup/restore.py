# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a backup back: beside the live database first, proven there, and only then in its place, by a rename."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from .._app.program import CommandError
from .._app.sql import Database
from . import fill, manifest, names, room, swap, tidy
from .config import MIB, BackupError
from .context import Context
from .lock import locked
from .server import Server
from .source import Source, find, is_time

LIVE, SCRATCH = "live", "scratch"


def restore(
    context: Context, to: str = "latest", into: str = LIVE, database: str = "", sql: str = ""
) -> dict[str, Any]:
    """Restore a database, into the live one's place or beside it to look at, after `sql` was run in it. Return figures,
    and what was kept. Raise BackupError when it cannot be done; the live database is as it was then."""
    wanted, began = context.database(database), context.clock()
    with locked(context.config.directory, "restore"), find(context, to) as source:
        server = context.server(wanted)
        tidy.tidy(context.config.app, server, wanted)
        require_room(context, source, wanted)
        new = names.beside(wanted.name, names.RESTORING, began)
        figures = fill.make(server, source, wanted, new)
        if sql.strip():
            change(server, new, sql)
        place = take_place(server, wanted, new, began) if into == LIVE else set_aside(server, wanted, new, began)
        result = {
            "what": source.label,
            "until": source.until,
            "database": wanted.name,
            **figures,
            **place,
            "time": began,
        }
        result["seconds"] = round(context.clock() - began, 1)
        if into == LIVE:
            context.state.note(restored=result, repository=context.repository.id())
        return result


def change(server: Server, database: str, sql: str) -> None:
    """Run SQL in a database that is not live yet. Raise BackupError when it fails; the database is gone then."""
    try:
        server.ask(f"BEGIN;\n{sql}\n;COMMIT;", database)
    except CommandError as error:
        server.ask(swap.drop(database))
        raise BackupError(
            f"The SQL that was to run in the restored database failed, and nothing was exchanged. {error}"
        ) from error


def require_room(context: Context, source: Source, database: Database) -> None:
    """Raise BackupError when the database has no place beside the live one."""
    needed = int(int(source.properties(database)["bytes"]) * 1.3) + 128 * MIB
    room.require({room.docker_directory(): needed}, context.config.reserve * MIB, "a restore beside the live database")


def take_place(server: Server, database: Database, new: str, now: float) -> dict[str, Any]:
    """Exchange the live database and the new one. Return the name under which the former is kept; of those that were
    kept before, none stays."""
    there = server.databases()
    has_live = database.name in there
    kept = names.beside(database.name, names.BEFORE, now)
    try:
        server.ask(swap.exchange(database.name, new, kept, has_live))
    except CommandError as error:
        if has_live:
            server.ask(swap.open_again(database.name))
        server.ask(swap.drop(new))
        raise BackupError(f"{database.name} was not exchanged and is as it was. {error}") from error
    for old in names.of_kind(there, database.name, names.BEFORE):
        server.ask(swap.drop(old))
    return {"into": database.name, "kept": kept if has_live else ""}


def set_aside(server: Server, database: Database, new: str, now: float) -> dict[str, Any]:
    """Give the new database a name to look at it by. One of before goes."""
    for old in names.of_kind(server.databases(), database.name, names.RESTORED):
        server.ask(swap.drop(old))
    name = names.beside(database.name, names.RESTORED, now)
    server.ask(swap.exchange(name, new, "", has_live=False))
    return {"into": name, "kept": ""}


def undo(context: Context, database: str = "") -> dict[str, Any]:
    """Put back the database that the last restore has kept. What it restored is dropped."""
    wanted, now = context.database(database), context.clock()
    with locked(context.config.directory, "undo"):
        server = context.server(wanted)
        former = kept(server, wanted)
        gone = names.beside(wanted.name, names.RESTORING, now)
        server.ask(swap.exchange(wanted.name, former, gone))
        server.ask(swap.drop(gone))
        context.state.note(restored=None)
        return {"database": wanted.name, "put_back": former}


def kept(server: Server, database: Database) -> str:
    """Return the name under which the last restore has kept the former database. Raise BackupError when none has."""
    found = names.of_kind(server.databases(), database.name, names.BEFORE)
    if not found:
        raise BackupError(f"No restore has kept a former {database.name}, so that there is nothing to put back.")
    return found[-1]


def predict(context: Context, to: str = "latest", into: str = LIVE, database: str = "") -> dict[str, Any]:
    """Return what a restore would bring, and what it would take away: rows by table, now and then."""
    wanted = context.database(database)
    server = context.server(wanted)
    with locked(context.config.directory, "prediction") if is_time(to) else nullcontext(), find(context, to) as source:
        recorded = source.counts(wanted)
        now = server.rows(wanted.name) if wanted.name in server.databases() else {}
        loss = manifest.loss(recorded, now) if into == LIVE else []
        return {"what": source.label, "database": wanted.name, "rows": manifest.rows(recorded), "loss": loss}
