# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges two databases by their names, and back. Pure SQL.

All of it is one script, which PostgreSQL's psql has in full before the first statement runs: a run that is killed
leaves either state, and never half of one. A database that is kept takes connections, so that people can look at it.
"""

from __future__ import annotations

from .._app.sql import literal, quoted

PATIENCE = 100  # tenths of a second, for sessions to end


def close(name: str) -> str:
    """Return SQL that lets nobody into a database any more, and waits until those who are in it have gone."""
    return (
        f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS false;\n"
        "DO $do$BEGIN\n"
        f"FOR i IN 1..{PATIENCE} LOOP\n"
        f"  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {literal(name)};\n"
        f"  PERFORM pg_stat_clear_snapshot();\n"
        f"  EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE datname = {literal(name)});\n"
        "  PERFORM pg_sleep(0.1);\n"
        "END LOOP;\nEND$do$;\n"
    )


def open_again(name: str) -> str:
    """Return SQL that lets people into a database."""
    return f"ALTER DATABASE {quoted(name)} WITH ALLOW_CONNECTIONS true;\n"


def exchange(live: str, new: str, kept: str, has_live: bool = True) -> str:
    """Return SQL that gives `new` the name `live`, and what has that name now the name `kept`: both or neither."""
    first = close(live) if has_live else ""
    away = f"ALTER DATABASE {quoted(live)} RENAME TO {quoted(kept)};\n{open_again(kept)}" if has_live else ""
    here = f"ALTER DATABASE {quoted(new)} RENAME TO {quoted(live)};\n{open_again(live)}"
    return f"{first}{close(new)}BEGIN;\n{away}{here}COMMIT;\n"


def drop(name: str) -> str:
    """Return SQL that removes a database, whoever is in it."""
    return f"{close(name)}DROP DATABASE {quoted(name)};\n"


def closed(names: list[str]) -> str:
    """Return SQL that prints which of these databases let nobody in."""
    listed = ", ".join(map(literal, names)) or "NULL"
    return f"SELECT to_json(datname) FROM pg_database WHERE NOT datallowconn AND datname IN ({listed});\n"
