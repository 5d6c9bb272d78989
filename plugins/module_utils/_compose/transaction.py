# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release as a transaction on the host: what every step shares."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from .._app import atomic
from .._app import release as manifests
from .._app.app import fingerprint
from .._app.probe import EdgeAddress, Watch
from .._app.release import Manifest
from .._app.sql import Database
from . import store
from .colours import COLOURS, ColouredApp, other
from .containers import published
from .data_change import together
from .files import changed_files, write_files
from .postgres import login_name
from .project import Compose, Edge
from .recall import colour_of_candidate, last_known, read_journal, recall
from .redis import digest
from .upstream import Assets, http_file, server_file

JOURNAL = "transaction.json"
STOPPED = "stopped.json"  # closing.py


@dataclass(frozen=True)
class Options:
    """How to release, as opposed to what."""

    source: str = ""
    archive: str = ""  # the packed source, on the host
    edge_directory: str = ""
    edge_url: str = "http://127.0.0.1"
    edge_host: str = ""
    release_command: Mapping[str, Any] = field(default_factory=dict)
    migrations: Sequence[str] = ()
    allow_destructive: bool = False
    allow_data_change: bool = False
    database: Mapping[str, Any] = field(default_factory=dict)
    database_password: str = ""
    redis: Mapping[str, Any] = field(default_factory=dict)
    redis_password: str = ""
    # Images that were built elsewhere, by service.
    images: Mapping[str, str] = field(default_factory=dict)
    registry: str = ""
    registry_username: str = ""
    registry_password: str = ""
    wait_timeout: float = 180
    build_timeout: float = 1800
    soak: float = 12
    drain_timeout: float = 30
    # Images are built anew, from base images as they are now, also where nothing has changed.
    rebuild: bool = False
    # Whether the run knows what is declared, secrets too. One that does not leaves files as they are.
    is_declared: bool = True
    keep_releases: int = 3
    keep_backups: int = 5
    # What backs the data up off the host before new migrations, in place of a dump here.
    backup_command: Sequence[str] = ()
    free_space: int = 2048


class Transaction:
    """One run's view of the host. Steps are functions that take it."""

    def __init__(self, app: ColouredApp, options: Options, clock=time.time, sleep=time.sleep):
        self.app = app
        self.options = options
        self.clock = clock
        self.watch = Watch(time.monotonic, sleep)
        self.sleep = sleep
        self.releases = store.read_all(app.directory)
        self.journal: dict[str, Any] = read_journal(app.directory / JOURNAL)
        self.live = store.live(app.directory, self.releases) or self._recalled()

    def _recalled(self) -> Manifest | None:
        """What is live although its manifest is damaged or gone."""
        if shutil.which("docker") is None:
            return None
        colours = {colour: self.compose(colour).containers() for colour in COLOURS}
        release = last_known(self.app.directory, self.options.edge_directory)
        return recall(self.app.project, release, colours, self.journal.get("colour", ""))

    @property
    def serving(self) -> str:
        """The release that visitors meet; empty when none is live, or when it is stopped."""
        return self.live.id if self.live and not (self.app.directory / STOPPED).exists() else ""

    # What the journal remembers between the steps.
    @property
    def release(self) -> str:
        return self.journal["release"]

    @property
    def colour(self) -> str:
        return colour_of_candidate(self.journal, self.live)

    @property
    def next_colour(self) -> str:
        return other(self.live.colour if self.live else None)

    def note(self, **values: Any) -> None:
        self.journal |= values
        atomic.write_json(self.app.directory / JOURNAL, self.journal)

    def forget(self) -> None:
        (self.app.directory / JOURNAL).unlink(missing_ok=True)
        self.journal = {}

    @property
    def manifest(self) -> Manifest:
        return self.releases[self.release]

    def update(self, **values: Any) -> None:
        self.releases[self.release] = replace(self.manifest, **values)
        store.write(self.app.directory, self.manifest)

    # Names and parts.
    def compose(self, colour: str) -> Compose:
        return Compose(self.app.colour_project(colour), self.app.colour_directory(colour))

    @property
    def data(self) -> Compose:
        return Compose(self.app.project, self.app.directory / "data")

    @property
    def data_before(self) -> Path:
        """The data services' definition from before the run, until it is committed or undone."""
        return self.app.directory / "data-before"

    def forget_data_before(self) -> None:
        (self.data_before / "compose.yml").unlink(missing_ok=True)
        shutil.rmtree(self.data_before, ignore_errors=True)

    @property
    def edge(self) -> Edge | None:
        return (
            Edge(Path(self.options.edge_directory)) if self.options.edge_directory and self.app.ports("blue") else None
        )

    @property
    def database(self) -> Database | None:
        return Database(**self.options.database) if self.options.database else None

    @property
    def _token_file(self) -> Path:
        return self.app.directory / "edge-token"

    @cached_property
    def token(self) -> str:
        """Opens the way to a candidate at the edge: the host's, or a new one, which is there after `keep_token`."""
        path = self._token_file
        token = path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""
        # An empty one would open the way to everybody.
        return token if re.fullmatch("[0-9a-f]{32}", token) else secrets.token_hex(16)

    def keep_token(self) -> None:
        """Writes the token where the host has another one or none. It is made once."""
        files = {self._token_file: self.token + "\n"}
        if changed_files(files):
            write_files(files)

    @property
    def edge_address(self) -> EdgeAddress:
        return EdgeAddress(self.options.edge_url, self.options.edge_host, self.token)

    def variables(self, release: str) -> dict[str, str]:
        """What the role itself defines for ${NAME}."""
        values = {"RELEASE": release}
        if self.database:
            values["DATABASE_USER"] = login_name(self.database.user, self.options.database_password)
            values["DATABASE_PASSWORD"] = self.options.database_password
            values["DATABASE_OWNER_PASSWORD"] = self.owner_password("database")
        if self.options.redis:
            values["REDIS_PASSWORD"] = self.options.redis_password
            values["REDIS_OWNER_PASSWORD"] = self.owner_password("redis")
        return values

    def owner_password_file(self, part: str) -> Path:
        """PostgreSQL insists on one for its first start, where nobody logs in with it; the host itself asks Redis."""
        return self.data.directory / ("owner-password" if part == "database" else f"{part}-owner-password")

    def owner_password(self, part: str) -> str:
        path = self.owner_password_file(part)
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""

    @property
    def fingerprint(self) -> str:
        login = self.variables("")["DATABASE_USER"] if self.database else ""
        return fingerprint(self.app, [login, digest(self.options.redis_password)] if self.options.redis else login)

    def of_release(self, manifest: Manifest) -> ColouredApp:
        """The app as a kept release declared it, with today's secrets."""
        first_port = manifest.first_port or self.app.first_port
        volumes = {**manifest.volumes, **self.app.volumes}
        return replace(self.app, services=manifest.services, env=manifest.env, volumes=volumes, first_port=first_port)

    def edge_files(
        self, ports: Mapping, release: str, candidate: Mapping | None = None, app: ColouredApp | None = None
    ) -> dict[str, str | None]:
        return {
            "http.conf": http_file(self.app.project, self.token, ports, candidate),
            "server.conf": server_file(self.app.project, release, self._assets(release, app or self.app)),
        }

    def live_ports(self) -> dict[str, list[int]]:
        """Return the ports of the live release, as the engine has them; as computed when there are no containers."""
        if not self.live:
            return {}
        declared = self.of_release(self.live).ports(self.live.colour)
        found = published(self.compose(self.live.colour).containers()) if shutil.which("docker") else {}
        return {service: found.get(service, ports) for service, ports in declared.items()}

    def live_edge_files(self) -> dict[str, str | None]:
        """The edge's files with the live release alone; one that shows nothing when none is live."""
        app = self.of_release(self.live) if self.live else replace(self.app, services={})
        return self.edge_files(self.live_ports(), self.live.id if self.live else "", app=app)

    def _assets(self, release: str, app: ColouredApp) -> list[Assets]:
        kept = manifests.to_keep(self.releases, release, self.options.keep_releases)
        directories = [self.app.release_directory(id) / "assets" for id in kept]
        there = [str(directory) for directory in directories if directory.is_dir()]
        prefixes = {prefix: name for name, service in app.services.items() for prefix in service.get("assets") or {}}
        return [Assets(prefix, service, there) for prefix, service in prefixes.items() if there]


def use_release(t: Transaction, manifest: Manifest) -> None:
    """From here on the app is what a kept release declared. Data services are as today, or as the live one knew; those
    that only the kept release had come back to their volumes."""
    kept = t.live or manifest
    t.app = replace(
        t.app,
        services=manifest.services,
        env=manifest.env,
        volumes={**manifest.volumes, **(t.app.volumes or kept.volumes)},
    )
    data_services = together(t.app, manifest.data_services, t.app.data_services or kept.data_services)
    t.app = replace(t.app, data_services=data_services)
