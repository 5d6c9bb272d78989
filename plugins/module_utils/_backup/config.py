# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is backed up, from where to where: the settings that the role writes and that timers and modules read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._app.sql import Database
from .._secrets.dotenv import from_dotenv

SETTINGS = Path("/etc/izzzi/backup")
MIB = 2**20


class BackupError(Exception):
    """A backup or a restore cannot be done; the message says what, where and what to do."""


def supports(repository: str) -> bool:
    """Tell whether WAL can be archived beside a repository: on S3, or in a directory."""
    return repository.startswith(("s3:", "/"))


@dataclass(frozen=True)
class Config:
    """The settings of one app. `redis` is a service, `volumes` are Docker's names, sizes are MiB, times hours; but
    `wal_interval` is seconds, and what ends in `days` is days."""

    app: str
    repository: str
    databases: tuple[Database, ...] = ()
    redis: str = ""
    volumes: tuple[str, ...] = ()
    keep: Mapping[str, int] = field(default_factory=lambda: {"daily": 7, "weekly": 4, "monthly": 6})
    late_after: float = 26
    verified_late_after: float = 8 * 24
    cpus: float = 1
    memory: int = 512
    reserve: int = 512
    timeout: float = 6
    check_share: int = 5
    wal: bool = True
    wal_interval: float = 20
    wal_spool: int = 1024
    wal_days: float = 7
    base_days: float = 7
    directory: Path = Path("/var/lib/izzzi/backup")
    project: str = ""  # whose containers they are, when they are not the app's

    @property
    def services(self) -> dict[str, str]:
        """Return the services that run PostgreSQL, with the superuser of each."""
        return {database.service: database.user for database in reversed(self.databases)}

    @property
    def archived(self) -> dict[str, str]:
        """Return those of them whose WAL is archived."""
        return self.services if self.wal and supports(self.repository) else {}

    @property
    def seconds(self) -> float:
        """Return how long one program may take."""
        return self.timeout * 3600


def from_mapping(given: Mapping[str, Any]) -> Config:
    """Read the settings of an app from its JSON. Raise BackupError when one is missing or unknown."""
    place = Path(given.get("directory") or Config.directory / str(given.get("app", "")))
    try:
        databases = tuple(Database(**database) for database in given.get("databases", ()))
        return Config(
            **{**given, "databases": databases, "volumes": tuple(given.get("volumes", ())), "directory": place}
        )
    except TypeError as error:
        raise BackupError(f"The settings of the backup are not complete: {error}. Run playbooks/deploy.yml.") from error


def read(app: str, settings: Path = SETTINGS) -> tuple[Config, dict[str, str]]:
    """Return an app's settings and its secrets, as environment variables. Raise BackupError without them."""
    try:
        given = json.loads((settings / f"{app}.json").read_text(encoding="utf-8"))
        secrets = from_dotenv((settings / f"{app}.env").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackupError(
            f"This host does not know how {app} is backed up: there is no {error.filename}. "
            "playbooks/deploy.yml writes it."
        ) from error
    except (OSError, ValueError) as error:
        raise BackupError(f"{settings}/{app}.json and {app}.env cannot be read: {error}.") from error
    return from_mapping(given), secrets
