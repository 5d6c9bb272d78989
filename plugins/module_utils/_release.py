# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release as a transaction on the host: what every step shares, and the plan."""

from __future__ import annotations

import os
import platform
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from . import _release_manifest as manifests
from ._colour import App, build_problems, data_document, environment_of, fingerprint, missing_variables, other, render
from ._containers import running, stopped, surplus
from ._database import Database, login_name
from ._dotenv import to_dotenv
from ._host import Compose, Edge
from ._probe import EdgeAddress, Watch
from ._redis import digest
from ._release_manifest import Manifest
from ._service_rules import service_problems, starts_after_switch
from ._upstream import Assets, http_file, server_file

JOURNAL = "transaction.json"


@dataclass(frozen=True)
class Options:
    """How to release, as opposed to what."""

    source: str = ""
    edge_directory: str = ""
    edge_url: str = "http://127.0.0.1"
    edge_host: str = ""
    release_command: Mapping[str, Any] = field(default_factory=dict)
    migrations: Sequence[str] = ()
    allow_destructive: bool = False
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
    keep_releases: int = 3
    keep_backups: int = 5
    free_space: int = 2048


class Transaction:
    """One run's view of the host. Steps are functions in _release_steps and _release_undo."""

    def __init__(self, app: App, options: Options, clock=time.time, sleep=time.sleep):
        self.app = app
        self.options = options
        self.clock = clock
        self.watch = Watch(time.monotonic, sleep)
        self.sleep = sleep
        self.releases = manifests.read_all(app.directory)
        self.live = manifests.live(app.directory, self.releases)
        self.journal: dict[str, Any] = manifests.read_json(app.directory / JOURNAL) or {}

    # What the journal remembers between the steps.
    @property
    def release(self) -> str:
        return self.journal["release"]

    @property
    def colour(self) -> str:
        return self.journal["colour"]

    @property
    def next_colour(self) -> str:
        return other(self.live.colour if self.live else None)

    def note(self, **values: Any) -> None:
        self.journal |= values
        manifests.write_json(self.app.directory / JOURNAL, self.journal)

    def forget(self) -> None:
        (self.app.directory / JOURNAL).unlink(missing_ok=True)
        self.journal = {}

    @property
    def manifest(self) -> Manifest:
        return self.releases[self.release]

    def update(self, **values: Any) -> None:
        self.releases[self.release] = replace(self.manifest, **values)
        manifests.write(self.app.directory, self.manifest)

    # Names and parts.
    def compose(self, colour: str) -> Compose:
        return Compose(self.app.colour_project(colour), self.app.colour_directory(colour))

    @property
    def data(self) -> Compose:
        return Compose(self.app.project, self.app.directory / "data")

    @property
    def edge(self) -> Edge | None:
        return (
            Edge(Path(self.options.edge_directory)) if self.options.edge_directory and self.app.ports("blue") else None
        )

    @property
    def database(self) -> Database | None:
        return Database(**self.options.database) if self.options.database else None

    @property
    def token(self) -> str:
        """Opens the way to a candidate at the edge. Made once."""
        path = self.app.directory / "edge-token"
        try:
            return path.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            token = secrets.token_hex(16)
            path.touch(mode=0o600)
            path.write_text(token + "\n", encoding="utf-8")
            return token

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

    def of_release(self, manifest: Manifest) -> App:
        """The app as a kept release declared it, with today's secrets."""
        first_port = manifest.first_port or self.app.first_port
        return replace(self.app, services=manifest.services, env=manifest.env, first_port=first_port)

    def edge_files(self, ports: Mapping, release: str, candidate: Mapping | None = None) -> dict[str, str | None]:
        return {
            "http.conf": http_file(self.app.project, self.token, ports, candidate),
            "server.conf": server_file(self.app.project, release, self._assets(release)),
        }

    def _assets(self, release: str) -> list[Assets]:
        kept = manifests.to_keep(self.releases, release, self.options.keep_releases)
        directories = [self.app.release_directory(id) / "assets" for id in kept]
        there = [str(directory) for directory in directories if directory.is_dir()]
        prefixes = {
            prefix: name for name, service in self.app.services.items() for prefix in service.get("assets") or {}
        }
        return [Assets(prefix, service, there) for prefix, service in prefixes.items() if there]


def plan(t: Transaction) -> dict[str, Any]:
    """What a run would do, without doing any of it."""
    mark = t.fingerprint
    release = manifests.choose_id(t.options.source, mark, t.releases.values())
    is_new = t.live is None or t.live.id != release or t.live.fingerprint != mark
    drift = [] if is_new else live_drift(t)
    source = t.app.release_directory(release) / "source"
    return {
        "release": release,
        "new": is_new,
        "live": t.live.id if t.live else "",
        "colour": t.next_colour if is_new else t.live.colour,
        "unpack": is_new and bool(t.app.built) and not (source / ".complete").exists(),
        "source": str(source),
        "drift": drift,
        "platform": docker_platform(platform.machine()),
        "data": data_drift(t),
        "hand_over": hands_over(t),
    }


def hands_over(t: Transaction) -> bool:
    """Whether something must not run twice, so that it moves after the visitors."""
    return bool(starts_after_switch(t.app.services) or (t.live and starts_after_switch(t.live.services)))


def docker_platform(machine: str) -> str:
    """What images for this host must be built for."""
    return f"linux/{ {'x86_64': 'amd64', 'aarch64': 'arm64'}.get(machine, machine) }"


def problems(t: Transaction, is_new: bool, check_mode: bool) -> list[str]:
    """What would stop a run later, found before anything is touched."""
    found = []
    if missing := missing_variables(t.app, t.variables("")):
        found.append(f"app_compose_services refers to variables that nothing defines: {', '.join(missing)}.")
    found += build_problems(t.app, t.variables(""))
    found += service_problems(t.app.services, t.app.data_services)
    if shutil.which("docker") is None:
        if not check_mode:
            found.append("This host has no Docker. Install it first, for example with the role izzzi.infra.docker.")
        return found
    if t.edge and not t.edge.is_there() and not check_mode:
        found.append(
            f"{t.edge.directory} is missing: nginx has no site for this app. Run the role izzzi.infra.nginx first,"
            f" with a location `service:` in nginx_sites, or set app_compose_edge_directory to ''."
        )
    if is_new and (free := free_space(t.app.directory)) < t.options.free_space:
        found.append(
            f"Only {free} MiB are free; a new release needs {t.options.free_space} (app_compose_free_space)."
            " Free some: docker system df, docker builder prune."
        )
    return found


def free_space(directory: Path) -> int:
    """MiB, the least of the places that a release writes to."""
    places = [directory, *directory.parents]
    first = next(place for place in places if place.exists())
    docker = Path("/var/lib/docker")
    return min(shutil.disk_usage(place).free for place in (first, docker) if place.exists()) // 2**20


def data_files(t: Transaction) -> dict[Path, str]:
    document = data_document(t.app)
    directory = t.data.directory
    env = environment_of(t.app, document, t.variables(""))
    return {directory / "compose.yml": render(document), directory / ".env": to_dotenv(env, sort=True)}


def changed_files(files: Mapping[Path, str]) -> list[Path]:
    def is_same(path: Path, text: str) -> bool:
        try:
            return path.read_text(encoding="utf-8") == text
        except (FileNotFoundError, NotADirectoryError):
            return False

    return [path for path, text in files.items() if not is_same(path, text)]


def data_drift(t: Transaction) -> list[str]:
    """Why the data services must be brought up."""
    if not t.app.data_services:
        return []
    reasons = [f"{path} differs" for path in changed_files(data_files(t))]
    if shutil.which("docker"):
        wanted = dict.fromkeys(t.app.data_services, 1)
        containers = t.data.containers()
        found = stopped(containers, wanted) | surplus(containers, wanted)
        reasons += [f"{name}: {why}" for name, why in found.items()]
    return reasons


def live_drift(t: Transaction) -> list[str]:
    """In what the live colour differs from its release."""
    containers = t.compose(t.live.colour).containers()
    found = stopped(containers, t.app.replicas) | surplus(containers, t.app.replicas)
    reasons = [f"{name}: {why}" for name, why in found.items()]
    idle = other(t.live.colour)
    reasons += [
        f"{name}: runs in {idle} too, which is not live" for name in sorted(running(t.compose(idle).containers()))
    ]
    if t.edge:
        files = t.edge_files(t.of_release(t.live).ports(t.live.colour), t.live.id)
        reasons += [f"{t.edge.directory}/{name} differs" for name in t.edge.differences(files)]
    return reasons


def write_files(files: Mapping[Path, str]) -> None:
    """0600 from the first byte, since some hold secrets."""
    for path, text in files.items():
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
