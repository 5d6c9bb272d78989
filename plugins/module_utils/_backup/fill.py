# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a database on a server from a source, and proves it: the part that a drill and a restore share."""

from __future__ import annotations

from typing import Any

from .._app.program import CommandError
from .._app.progress import watched
from .._app.sql import Database, literal
from . import manifest, postgres, repository, swap
from .config import BackupError
from .server import Server
from .source import Source


def make(server: Server, source: Source, database: Database, name: str) -> dict[str, Any]:
    """Make the database `name` from a source and compare it with what was counted. Return its figures. Raise
    BackupError when it is not the same; the database is gone then."""
    properties = source.properties(database)
    server.ask(postgres.missing_roles(source.roles(database), server.roles()) or "SELECT;")
    server.ask(postgres.create_database(name, properties))
    try:
        with watched(lambda: told(server, name, int(properties["bytes"]))):
            source.fill(server, database, name)
        server.ask(postgres.settings(name, properties))
        counted = manifest.require_equal(
            source.counts(database), server.counts(name), f"{database.name} of {source.label}"
        )
        server.ask("ANALYZE;", name)
    except CommandError as error:
        server.ask(swap.drop(name))
        raise BackupError(explain(str(error), source)) from error
    except BaseException:
        server.ask(swap.drop(name))
        raise
    return {"tables": len(source.counts(database)), "rows": counted}


def told(server: Server, name: str, whole: int) -> str:
    """Return how much of a database is there. `whole` is its size in bytes."""
    there = int(server.ask(f"SELECT pg_database_size({literal(name)});").strip())
    return f"{name}: {min(100 * there // max(whole, 1), 99)} % restored"


def explain(said: str, source: Source) -> str:
    """Return why a source could not be restored: in restic's case what it means, else PostgreSQL's own words."""
    if said.startswith("restic "):
        return f"The {source.label} cannot be read. {repository.explain(said, 'it lies in')}"
    return f"The {source.label} cannot be restored. {said}"
