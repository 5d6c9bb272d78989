# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the container that runs a data service now, whoever started it: Compose, or a Swarm."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._app.docker_words import COMPOSE_PROJECT, COMPOSE_SERVICE, SWARM_SERVICE, is_one_off
from .._app.inspected import inspected
from .._app.program import run
from .config import BackupError


@dataclass(frozen=True)
class Container:
    """A running container. `volumes` are Docker's names by the path inside."""

    id: str
    name: str
    image: str
    image_name: str = ""
    command: tuple[str, ...] = ()
    volumes: Mapping[str, str] = field(default_factory=dict)


def parse(inspected: str) -> list[Container]:
    """Return containers from the output of `docker container inspect`, without those of `docker compose run`."""
    found = json.loads(inspected or "[]")
    return [_container(item) for item in found if not is_one_off(item)]


def _container(item: Mapping[str, Any]) -> Container:
    return Container(
        id=item["Id"],
        name=item["Name"].lstrip("/"),
        image=item["Image"],
        image_name=item["Config"].get("Image", ""),
        command=tuple(item["Config"].get("Cmd") or ()),
        volumes={m["Destination"]: m["Name"] for m in item.get("Mounts") or [] if m.get("Type") == "volume"},
    )


def the_only(found: Sequence[Container], app: str, service: str) -> Container:
    """Return the one container of a service. Raise BackupError when there is none, or more than one."""
    if not found:
        raise BackupError(
            f"No container of the service {service} of {app} runs on this host, so that its data cannot be read. "
            f"Look with `docker ps --all`, and start it with playbooks/deploy.yml."
        )
    if len(found) > 1:
        raise BackupError(
            f"{len(found)} containers of the service {service} of {app} run: {', '.join(c.name for c in found)}. "
            "Data services run once; stop the one that does not belong there."
        )
    return found[0]


def filters(app: str, service: str) -> list[list[str]]:
    """Return the options of `docker ps` that find a service of Compose, and one of a Swarm."""
    compose = [f"--filter=label={COMPOSE_PROJECT}={app}", f"--filter=label={COMPOSE_SERVICE}={service}"]
    return [compose, [f"--filter=label={SWARM_SERVICE}={app}_{service}"]]


def find(app: str, service: str) -> Container:
    """Return the container that runs a data service now. Raise BackupError when there is not exactly one."""
    listing = ["docker", "ps", "--quiet", "--no-trunc", "--filter=status=running"]
    ids = sorted({line for options in filters(app, service) for line in run([*listing, *options]).split()})
    return the_only(parse(inspected(ids)), app, service)
