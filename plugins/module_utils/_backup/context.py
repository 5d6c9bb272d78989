# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every action of an app's backup works with."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from .._app.sql import Database
from . import containers
from .archive import Archive
from .config import BackupError, Config
from .containers import Container
from .repository import Repository
from .server import Server
from .state import State


@dataclass(frozen=True)
class Context:
    """Settings, repository, what is remembered, and the clock, in seconds since 1970."""

    config: Config
    repository: Repository
    state: State
    archive: Archive
    clock: Callable[[], float] = time.time

    def container(self, service: str) -> Container:
        """Return the container that runs a data service now."""
        return containers.find(self.config.project or self.config.app, service)

    def server(self, database: Database) -> Server:
        """Return the live PostgreSQL of a database."""
        return Server(self.container(database.service).id, database.user, self.config.seconds)

    def wal_directory(self, service: str) -> Path:
        """Return where the archiving of a service has its spool and its state."""
        return self.config.directory / "wal" / service

    def wal_state(self, service: str) -> State:
        """Return what the archiving of a service remembers."""
        return State(self.wal_directory(service))

    def base_state(self, service: str) -> State:
        """Return what is remembered of the last base backup of a service."""
        return State(self.wal_directory(service) / "base")

    def database(self, name: str = "") -> Database:
        """Return the declared database of a name, or the only one. Raise BackupError when that is not clear."""
        found = [database for database in self.config.databases if name in ("", database.name)]
        if len(found) != 1:
            names = ", ".join(database.name for database in self.config.databases) or "none"
            raise BackupError(f"{name or 'Without a name'}: which database? Declared are: {names} (-e database=NAME).")
        return found[0]


def make(config: Config, secrets: Mapping[str, str]) -> Context:
    """Return the context of an app."""
    cache = config.directory / "cache"
    repository = Repository(config.repository, secrets, config.app, cache, config.seconds)
    archive = Archive(config.repository, secrets, config.seconds)
    return Context(config, repository, State(config.directory), archive)
