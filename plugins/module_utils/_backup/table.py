# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings one table back: from a database that was restored beside the live one, in one transaction."""

from __future__ import annotations

import json
import re
from typing import Any

from .._app.program import CommandError
from .._app.sql import Database, literal, quoted
from . import fill, names, postgres, swap, tidy
from .config import BackupError
from .context import Context
from .lock import locked
from .manifest import require_equal
from .pipe import pipe
from .restore import require_room
from .source import Source, find

_PART = r'("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)'
_TABLE = re.compile(rf"{_PART}\.{_PART}")


def split(table: str) -> tuple[str, str]:
    """Return schema and name of a table. Raise BackupError when it is not written as `schema.table`."""
    found = _TABLE.fullmatch(table if "." in table else f"public.{table}")
    if not found:
        raise BackupError(f"{table!r} is not a table such as public.notes.")
    schema, name = (part[1:-1].replace('""', '"') if part.startswith('"') else part for part in found.groups())
    return schema, name


def key_of(source: Source, database: Database, table: str) -> str:
    """Return how a source calls a table. Raise BackupError when it has none of the name."""
    there = source.counts(database)
    if not (key := next((key for key in there if split(key) == split(table)), "")):
        raise BackupError(f"The {source.label} has no table {table}. It has {', '.join(there) or 'none'}.")
    return key


def users(schema: str, name: str) -> str:
    """Return SQL that prints what in a database would go on using the former table: foreign keys and views."""
    table = literal(f"{quoted(schema)}.{quoted(name)}")
    return f"""SELECT to_json(c.conrelid::regclass::text || ' (foreign key ' || c.conname || ')') FROM pg_constraint c
WHERE c.contype = 'f' AND c.confrelid = to_regclass({table}) AND c.conrelid <> c.confrelid
UNION ALL SELECT to_json(r.ev_class::regclass::text || ' (view)') FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = to_regclass({table}) AND r.ev_class <> d.refobjid;
"""


def foreign_keys(schema: str, name: str) -> str:
    """Return SQL that prints, as SQL, the foreign keys of other tables to a table. A drop with CASCADE removes them."""
    table = literal(f"{quoted(schema)}.{quoted(name)}")
    return f"""SELECT to_json(format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname,
pg_get_constraintdef(oid))) FROM pg_constraint WHERE contype = 'f' AND confrelid = to_regclass({table})
AND conrelid <> confrelid;
"""


def put_away(schema: str, name: str, kept: str) -> str:
    """Return SQL that moves a table, with its indexes and sequences, into a schema where it is kept."""
    where = f"{quoted(schema)}.{quoted(name)}"
    return f"CREATE SCHEMA {quoted(kept)};\nALTER TABLE IF EXISTS {where} SET SCHEMA {quoted(kept)};\n"


def drop_kept(newest: str) -> str:
    """Return SQL that removes the schemas of former tables which earlier restores have kept."""
    return f"""SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
WHERE nspname ~ '^before_[0-9]{{8}}t[0-9]{{6}}$' AND nspname <> {literal(newest)} \\gexec
"""


def restore(context: Context, table: str, to: str = "latest", database: str = "") -> dict[str, Any]:
    """Restore one table into the live database; the present one is kept in a schema of its own. Raise BackupError when
    something in the live database would go on using the kept one; nothing was changed then."""
    wanted, (schema, name), began = context.database(database), split(table), context.clock()
    with locked(context.config.directory, "restore"), find(context, to) as source:
        server = context.server(wanted)
        tidy.tidy(context.config.app, server, wanted)
        key = key_of(source, wanted, table)
        if using := [json.loads(line) for line in server.ask(users(schema, name), wanted.name).splitlines()]:
            raise BackupError(
                f"{table} is used by {', '.join(using)}, which would go on using the present one. Restore with "
                "-e into=scratch and copy the rows that are missing. Nothing was changed."
            )
        require_room(context, source, wanted)
        new = names.beside(wanted.name, names.RESTORING, began)
        kept = f"before_{names.stamp(began)}"
        fill.make(server, source, wanted, new)
        try:
            _exchange(context, server, (schema, name), (new, wanted.name), kept)
            left = server.ask(foreign_keys(schema, name), new).splitlines()
        finally:
            server.ask(swap.drop(new))
        server.ask(drop_kept(kept), wanted.name)
        found = server.counts(wanted.name)
        rows = require_equal({key: source.counts(wanted)[key]}, {key: found.get(key)} if key in found else {}, table)
        result = {"what": source.label, "database": wanted.name, "table": table, "rows": rows, "time": began}
        missing = [json.loads(line) for line in left]
        return {**result, "kept": kept, "missing": missing, "seconds": round(context.clock() - began, 1)}


def _exchange(context: Context, server, table: tuple[str, str], databases: tuple[str, str], kept: str) -> None:
    """Move the present table away and copy the restored one into its place, both or neither."""
    new, live = databases
    pattern = ".".join(map(quoted, table))
    dump = [
        "docker",
        "exec",
        server.container,
        "sh",
        "-c",
        _BOTH,
        "sh",
        server.user,
        new,
        pattern,
        put_away(*table, kept),
    ]
    into = [*postgres.psql(server.container, server.user, live), "--single-transaction"]
    try:
        pipe(dump, into, timeout=context.config.seconds)
    except CommandError as error:
        raise BackupError(f"{pattern} was not restored and is as it was. {error}") from error


# A dump that fails half-way must not be committed: SQL that is wrong is its last line then.
_BOTH = """printf '%s' "$4"; pg_dump --username="$1" --table="$3" --dbname="$2" || echo 'SELECT the_dump_has_failed;'"""
