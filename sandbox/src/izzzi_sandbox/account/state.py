# SPDX-License-Identifier: GPL-3.0-or-later
"""What survives a restart: records in SQLite, every change written before the reply leaves."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar


class Record(Protocol):
    """Stands for any dataclass of records.py, which the state stores by its class and its id."""

    id: int | str


R = TypeVar("R", bound=Record)

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
    kind TEXT NOT NULL, id TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, id)
);
CREATE TABLE IF NOT EXISTS note (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class State:
    """Stores records in SQLite, by one connection behind one lock. `with state.transaction():` makes several reads and
    writes one transaction."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self.version = 0  # grows with every change
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")  # survives a kill of the process; not a power cut
        self._connection.executescript(SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Write all that is written inside, or nothing when it raises. Nested ones join the outermost."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if self._depth == 0:
                    self._connection.execute("ROLLBACK")
                    self.version += 1
                raise
            self._depth -= 1
            if self._depth == 0:
                self._connection.execute("COMMIT")

    def all(self, kind: type[R]) -> list[R]:
        """In the order in which they were made."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT document FROM record WHERE kind = ? ORDER BY rowid", (kind.__name__,)
            ).fetchall()
        return [kind(**json.loads(document)) for (document,) in rows]

    def get(self, kind: type[R], id: int | str) -> R | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT document FROM record WHERE kind = ? AND id = ?", (kind.__name__, str(id))
            ).fetchone()
        return kind(**json.loads(row[0])) if row else None

    def put(self, record: R) -> R:
        with self._lock:
            self.version += 1
            self._connection.execute(
                "INSERT INTO record (kind, id, document) VALUES (?, ?, ?) "
                "ON CONFLICT (kind, id) DO UPDATE SET document = excluded.document",
                (type(record).__name__, str(record.id), json.dumps(vars(record))),
            )
        return record

    def remove(self, record: R) -> None:
        with self._lock:
            self.version += 1
            self._connection.execute(
                "DELETE FROM record WHERE kind = ? AND id = ?", (type(record).__name__, str(record.id))
            )

    def next(self, counter: str, first: int) -> int:
        """A number that was never given out before, not even by a sandbox that was reset since."""
        with self._lock:
            (value,) = self._connection.execute(
                "INSERT INTO counter (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
                (counter, first),
            ).fetchone()
        return value

    def read(self, note: str) -> str | None:
        with self._lock:
            row = self._connection.execute("SELECT value FROM note WHERE name = ?", (note,)).fetchone()
        return row[0] if row else None

    def write(self, note: str, value: str) -> None:
        with self._lock:
            self._connection.execute("INSERT OR REPLACE INTO note (name, value) VALUES (?, ?)", (note, value))
