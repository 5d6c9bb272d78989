# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on a host beside an app, and what of it the app would collide with. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._app.app import mounted
from .._app.docker_words import COMPOSE_DIRECTORY, COMPOSE_PROJECT, RUNNING, labels_of
from .._app.values import SpecError, read_port
from .colours import COLOURS, ColouredApp
from .ports import BLOCK, Claim, overlap
from .upstream import HEADER, variable

_WILDCARDS = ("", "0.0.0.0", "::", "[::]", "*")
_PARTS = {"data", *COLOURS}
JOBS = "-jobs"  # ends the name of the Compose project of an app's jobs

# An address and a port.
Published = tuple[str, int]


@dataclass(frozen=True)
class Neighbour:
    """A container on the host, of whichever project."""

    name: str
    project: str
    directory: str
    is_running: bool
    published: tuple[Published, ...] = ()
    volumes: tuple[str, ...] = ()

    @property
    def app(self) -> str:
        """The app that a release has made it for; empty for one that no release has made."""
        if Path(self.directory).name not in _PARTS:
            return ""
        for colour in COLOURS:
            if Path(self.directory).name == colour:
                return self.project.removesuffix(f"-{colour}" if self.project.endswith(f"-{colour}") else JOBS)
        return self.project

    @property
    def cure(self) -> str:
        """How to be rid of it."""
        if self.app:
            return _removal(self.app)
        if self.project:
            return f"docker compose --project-name {self.project} down (volumes stay), on the host"
        return f"docker container rm --force {self.name}, on the host"

    def __str__(self) -> str:
        owner = f"the app {self.app}" if self.app else f"the Compose project {self.project}" if self.project else ""
        return f"the container {self.name}" + (f" of {owner}" if owner else "")


def parse(inspected: str) -> list[Neighbour]:
    """Reads the output of `docker container inspect`."""
    return [_neighbour(item) for item in json.loads(inspected or "[]")]


def _neighbour(item: Mapping[str, Any]) -> Neighbour:
    labels = labels_of(item)
    bindings = (item.get("HostConfig") or {}).get("PortBindings") or {}
    mounts = item.get("Mounts") or []
    return Neighbour(
        name=item["Name"].lstrip("/"),
        project=labels.get(COMPOSE_PROJECT, ""),
        directory=labels.get(COMPOSE_DIRECTORY, ""),
        is_running=item["State"]["Status"] in RUNNING,
        published=tuple(
            (binding.get("HostIp", ""), port)
            for given in bindings.values()
            for binding in given or []
            for port in _numbers(binding.get("HostPort", ""))
        ),
        volumes=tuple(mount["Name"] for mount in mounts if mount.get("Type") == "volume"),
    )


def _numbers(text: Any) -> range:
    """The ports of `8080` or `8080-8082`; none of what is left to Docker."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", str(text or ""))
    return range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)


def published(services: Mapping[str, Any]) -> Iterator[tuple[str, Published]]:
    """Yields what services, as in a compose file, publish on the host: service, address and port."""
    for name, service in services.items():
        for given in service.get("ports") or []:
            with suppress(SpecError):  # Compose judges it
                port = read_port(given)
                yield from ((name, (port.address, number)) for number in range(port.first, port.last + 1) if number)


def is_same(one: Published, other: Published) -> bool:
    """Says whether both cannot be listened on at the same time."""
    return one[1] == other[1] and (one[0] == other[0] or one[0] in _WILDCARDS or other[0] in _WILDCARDS)


def is_ours(app: ColouredApp, neighbour: Neighbour) -> bool:
    """Says whether a release of the app has made the container."""
    directory = Path(neighbour.directory or "/")
    home = {app.directory, app.directory.resolve()}
    return neighbour.project in projects(app) and bool(home & {directory, *directory.parents})


def projects(app: ColouredApp) -> list[str]:
    """The Compose projects of an app."""
    return [app.project, *map(app.colour_project, COLOURS), jobs_project(app.project)]


def jobs_project(project: str) -> str:
    """The Compose project of the app's jobs, which belong to neither colour."""
    return f"{project}{JOBS}"


def collisions(
    app: ColouredApp, neighbours: Iterable[Neighbour], claims: Mapping[str, Claim], listening: Mapping[Published, str]
) -> list[str]:
    """Tells what on the host the app would collide with: both sides, and the cure."""
    others = [neighbour for neighbour in neighbours if not is_ours(app, neighbour)]
    running = [neighbour for neighbour in others if neighbour.is_running]
    found = [
        *_projects(app, others),
        *_claims(app, claims),
        *_ports(app, running),
        *_listeners(app, listening),
        *_names(app, others),
        *_volumes(app, running),
    ]
    return list(dict.fromkeys(found))


def _projects(app: ColouredApp, others: list[Neighbour]) -> Iterator[str]:
    for other in others:
        if other.project in projects(app):
            yield (
                f"The name {app.project} is taken on this host: the Compose project {other.project} is of"
                f" {other.directory or 'somebody else'} and not of {app.directory}. To let the app go on with its data:"
                " playbooks/take_over.yml, with --check first. Or give app_compose_project another name, or remove the"
                f" other one first: {other.cure}."
            )


def directory_collisions(app: ColouredApp, claims: Mapping[str, Claim]) -> list[str]:
    """Tells whose directory this is, when it is another app's: nothing in it may be read as ours, nor be ended."""
    return [
        f"{app.directory} is the directory of the app {name}. Give {app.project} an app_compose_directory of its own,"
        f" or remove the other one first: {_removal(name)}."
        for name, claim in claims.items()
        if name != app.project and claim.directory == str(app.directory)
    ]


def _removal(name: str) -> str:
    return f"playbooks/remove.yml -e app_compose_project={name} -e confirm={name} (its volumes stay)"


def _claims(app: ColouredApp, claims: Mapping[str, Claim]) -> Iterator[str]:
    mine = range(app.first_port, app.first_port + BLOCK)
    for name, claim in claims.items():
        if name != app.project and overlap(mine, claim.ports):
            yield (
                f"app_compose_first_port: {app.first_port} to {mine[-1]} of {app.project} overlap with"
                f" {claim.first_port} to {claim.ports[-1]} of the app {name}. Leave it out, and the host finds free"
                f" ones, or remove the other one first: {_removal(name)}."
            )


def _ports(app: ColouredApp, running: list[Neighbour]) -> Iterator[str]:
    for service, wanted in _wanted(app):
        for other in running:
            if any(is_same(wanted, taken) for taken in other.published):
                yield (
                    f"{service} of {app.project} wants port {wanted[1]}, which {other} has. Give it another port, or"
                    f" remove the other one first: {other.cure}."
                )


def _wanted(app: ColouredApp) -> Iterator[tuple[str, Published]]:
    yield from published(app.data_services)
    for colour in COLOURS:
        for service, ports in app.ports(colour).items():
            yield from ((service, ("127.0.0.1", port)) for port in ports)


def _listeners(app: ColouredApp, listening: Mapping[Published, str]) -> Iterator[str]:
    for service, wanted in _wanted(app):
        for taken, program in listening.items():
            if is_same(wanted, taken):
                yield (
                    f"{service} of {app.project} wants port {wanted[1]}, which the program {program} listens on. Give"
                    " it another port, or stop the program."
                )


def _names(app: ColouredApp, others: list[Neighbour]) -> Iterator[str]:
    names = {service.get("container_name"): name for name, service in app.data_services.items()}
    for other in others:
        if other.name in names:
            yield (
                f"{names[other.name]} of {app.project} has the container_name {other.name}, which {other} has. Leave it"
                f" out, or remove the other one first: {other.cure}."
            )


def _volumes(app: ColouredApp, running: list[Neighbour]) -> Iterator[str]:
    names = {app.volume_name(name): name for name in app.volumes}
    used = mounted(app.data_services)
    for other in running:
        for volume in other.volumes:
            if names.get(volume) in used:
                yield (
                    f"The volume {volume} of a data service of {app.project} is in use by {other}: two servers on one"
                    f" volume destroy its data. Remove the other one first: {other.cure}."
                )


def edge_collision(app: ColouredApp, directory: str, text: str | None) -> list[str]:
    """Tells whose release has written where visitors go, when it was not one of this app."""
    if not text or not text.startswith(HEADER) or f"${variable(app.project)}_seen" in text:
        return []
    seen = re.search(r"\$(\w+)_seen", text)
    other = seen[1] if seen else "another app"
    return [
        f"{directory} is written by the releases of the app {other}, not of {app.project}. Give {app.project} a site"
        " of its own in nginx_sites, and app_compose_edge_directory with its name."
    ]


def listeners(text: str) -> dict[Published, str]:
    """Reads `ss -Hltnp`: address and port, and whose program it is. What Docker publishes is told by containers."""
    found = {}
    for line in text.splitlines():
        words = line.split()
        program = re.search(r'\(\("([^"]+)"', line)
        if len(words) < 4 or (program and program[1] in ("docker-proxy", "dockerd")):
            continue
        address, _colon, port = words[3].rpartition(":")
        found[(address.split("%")[0], int(port))] = program[1] if program else "of the kernel"
    return found
