# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One running PostgreSQL: asks it, through its own programs in its own container, so that versions always fit."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._app.program import CommandError, run
from .._app.progress import watched
from . import postgres

MAINTENANCE = "template1"  # where nobody works; the app's own may be called postgres


@dataclass(frozen=True)
class Server:
    """A server's container and its superuser. `timeout` is what one program may take, in seconds."""

    container: str
    user: str
    timeout: float = 6 * 3600

    def ask(self, sql: str, database: str = MAINTENANCE) -> str:
        """Return what SQL prints. Raise CommandError with PostgreSQL's own words."""
        return run(postgres.psql(self.container, self.user, database), stdin=sql, timeout=self.timeout)

    def databases(self) -> list[str]:
        """Return the names of all databases but templates."""
        return postgres.read_names(self.ask(postgres.DATABASES))

    def roles(self) -> list[str]:
        """Return the names of all roles."""
        return postgres.read_names(self.ask(postgres.ROLES))

    def properties(self, database: str) -> dict[str, Any]:
        """Return what a database is like: owner, locale, size in bytes, privileges, settings."""
        return json.loads(self.ask(postgres.PROPERTIES, database))

    def counts(self, database: str) -> dict[str, dict[str, Any]]:
        """Return rows and checksum of each table, of one moment."""
        return postgres.read_counts(self.ask(f"{BEGIN}{postgres.SAME_TEXT}{postgres.COUNTS}\\gexec\n", database))

    def rows(self, database: str) -> dict[str, dict[str, Any]]:
        """Return the rows of each table, of one moment, without reading their values."""
        return postgres.read_counts(self.ask(f"{BEGIN}{postgres.ROWS}\\gexec\n", database))

    def globals(self) -> str:
        """Return the roles as SQL."""
        return run(postgres.globals_dump(self.container, self.user), timeout=self.timeout)

    def dump(self, database: str, path: Path, snapshot: str) -> None:
        """Write a dump of what a snapshot sees. Raise CommandError when pg_dump does not end with 0."""
        with path.open("w", encoding="utf-8") as file:
            command = postgres.pg_dump(self.container, self.user, database, f"--snapshot={snapshot}")
            with watched(lambda: f"dump of {database}: {path.stat().st_size >> 20} MiB"):
                run(command, timeout=self.timeout, stdout=file)

    @contextmanager
    def snapshot(self, database: str) -> Iterator[Session]:
        """Hold a transaction open whose view others can share by `Session.id`."""
        session = Session(self, database)
        try:
            yield session
        finally:
            session.close()


BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"


class Session:
    """A psql that stays, in a transaction that sees one moment."""

    def __init__(self, server: Server, database: str):
        command = postgres.psql(server.container, server.user, database)
        # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace"
        )
        self.id = self.ask(f"{BEGIN}SELECT pg_export_snapshot();\n").strip()

    def ask(self, sql: str) -> str:
        """Return what SQL prints. Raise CommandError when the session has ended, with PostgreSQL's own words."""
        end, found = f"--- {uuid.uuid4()}", []
        try:
            self._process.stdin.write(f"{sql}\\echo {end}\n")
            self._process.stdin.flush()
        except OSError as error:
            raise self._ended() from error
        while line := self._process.stdout.readline():
            if line.strip() == end:
                return "".join(found)
            found.append(line)
        raise self._ended()

    def counts(self) -> dict[str, dict[str, Any]]:
        """Return rows and checksum of each table, as the snapshot sees them."""
        return postgres.read_counts(self.ask(f"{postgres.SAME_TEXT}{postgres.COUNTS}\\gexec\n"))

    def close(self) -> None:
        """End the transaction. A session that is gone already is no error."""
        try:
            self._process.communicate("ROLLBACK;\n", timeout=10)
        except (OSError, ValueError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()

    def _ended(self) -> CommandError:
        self._process.wait()
        said = self._process.stderr.read().strip().splitlines()[-10:]
        return CommandError("\n".join(["The session with PostgreSQL has ended:", *said]))
