# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What another Compose project on the host is, from its containers: what it keeps, and whether it fits. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._app.docker_words import (
    COMPOSE_DIRECTORY,
    COMPOSE_FILES,
    COMPOSE_PROJECT,
    COMPOSE_SERVICE,
    RUNNING,
    is_one_off,
    labels_of,
)
from .._app.sql import Database

_PROXIED = re.compile(r"proxy_pass\s+https?://(?:localhost|127\.0\.0\.1|\[::1\]):(\d+)")


@dataclass(frozen=True)
class Part:
    """One container. `ports` are those of the host."""

    id: str
    service: str
    image: str
    is_running: bool
    volumes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def runs(self, program: str) -> bool:
        """Tell whether its image is a program's, by its name."""
        return self.image.partition("@")[0].rpartition("/")[2].partition(":")[0] == program


@dataclass(frozen=True)
class Stack:
    """A Compose project that no release of this collection has made."""

    project: str
    directory: str
    files: tuple[str, ...]
    parts: tuple[Part, ...]

    def of(self, program: str) -> list[Part]:
        """Return the containers of a program."""
        return [part for part in self.parts if part.runs(program)]

    @property
    def app(self) -> list[Part]:
        """Return the containers that keep no data which is taken over."""
        return [part for part in self.parts if not part.runs("postgres") and not part.runs("redis")]

    @property
    def volumes(self) -> list[str]:
        """Return Docker's names of its volumes."""
        return sorted({volume for part in self.parts for volume in part.volumes})

    def up(self) -> list[str]:
        """Return the command that starts it again as it was, from its own directory, without building."""
        files = [word for file in self.files for word in ("--file", file)]
        where = ["--project-name", self.project, "--project-directory", self.directory]
        services = sorted({part.service for part in self.parts if part.is_running})
        return ["docker", "compose", *where, *files, "up", "--detach", "--no-build", "--pull", "never", *services]


def parse(inspected: str, project: str, own: Path) -> Stack | None:
    """Return the project of a name from `docker container inspect`, None when there is none but those of the app's own
    directory."""
    found = [
        item
        for item in json.loads(inspected or "[]")
        if labels_of(item).get(COMPOSE_PROJECT) == project and not is_one_off(item)
        if own not in (place := Path(labels_of(item).get(COMPOSE_DIRECTORY, "/"))).parents and own != place
    ]
    if not found:
        return None
    labels = labels_of(found[0])
    files = tuple(filter(None, labels.get(COMPOSE_FILES, "").split(",")))
    return Stack(project, labels.get(COMPOSE_DIRECTORY, ""), files, tuple(map(_part, found)))


def _part(item: Mapping[str, Any]) -> Part:
    bindings = ((item.get("HostConfig") or {}).get("PortBindings") or {}).values()
    return Part(
        item["Id"],
        labels_of(item).get(COMPOSE_SERVICE, ""),
        item["Config"].get("Image", ""),
        item["State"]["Status"] in RUNNING,
        tuple(mount["Name"] for mount in item.get("Mounts") or [] if mount.get("Type") == "volume"),
        tuple(int(one["HostPort"]) for given in bindings for one in given or [] if one.get("HostPort", "").isdigit()),
        dict(pair.split("=", 1) for pair in item["Config"].get("Env") or [] if "=" in pair),
    )


def database(part: Part) -> Database:
    """Return the database that an official image makes with this environment."""
    user = part.environment.get("POSTGRES_USER") or "postgres"
    return Database(part.service, part.environment.get("POSTGRES_DB") or user, user)


def problems(stack: Stack, declared: Database | None, redis: str, volumes: Iterable[str]) -> list[str]:
    """Say why a stack cannot be taken over by what is declared: its database, its Redis' service, Docker's names of its
    volumes."""
    found = []
    servers = stack.of("postgres")
    if declared and [part.is_running for part in servers] != [True]:
        found.append(
            f"{len(servers)} containers of {stack.project} are of the image postgres, and one that runs is wanted. "
            f"Look with: docker compose --project-name {stack.project} ps --all"
        )
    elif declared and (there := database(servers[0])) and (there.name, there.user) != (declared.name, declared.user):
        found.append(
            f"The database of {stack.project} is {there.name}, of the user {there.user}, and {declared.name} of "
            f"{declared.user} is declared. Write app_data_services: {{{declared.service}: {{database: {there.name}, "
            f"user: {there.user}}}}}."
        )
    if redis and len([part for part in stack.of("redis") if part.is_running]) > 1:
        found.append(f"{stack.project} runs more than one Redis, and nobody can tell which is meant.")
    found += [
        f"The volume {volume} is {stack.project}'s, and a declared data service would use it too, with its files as "
        f"they are. Give it another name: app_data_volumes: {{NAME: {volume}_new}}."
        for volume in stack.volumes
        if volume in set(volumes)
    ]
    return found


def leads_to(text: str, stack: Stack) -> bool:
    """Tell whether a site of nginx sends visitors to a stack, by its ports of the host."""
    ports = {port for part in stack.parts for port in part.ports}
    return bool({int(port) for port in _PROXIED.findall(text)} & ports)
