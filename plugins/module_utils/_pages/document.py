# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The document that the operators' page shows. These fields are all that leaves the engine: no variable of a container,
no command, no label that somebody else has given, no text that a container wrote. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

# States of a task, as the page names them. What runs without a health check is `running`.
HEALTHY, RUNNING, STARTING, UNHEALTHY = "healthy", "running", "starting", "unhealthy"
STOPPING, STOPPED, WAITING, LOST = "stopping", "stopped", "waiting", "lost"
UP = (HEALTHY, RUNNING)
LONGEST_STEP = 120  # characters


@dataclass(frozen=True)
class Room:
    """Bytes of a disk or of memory."""

    free: int
    total: int


@dataclass(frozen=True)
class Backup:
    """When data was backed up, and proven, last (0 for never), and what is not as declared."""

    made: float = 0
    verified: float = 0
    troubles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """What one host says of itself. `backup` is for the host that makes them."""

    name: str
    time: float = 0
    disk: Room | None = None
    memory: Room | None = None
    backup: Backup | None = None


@dataclass(frozen=True)
class Node:
    name: str
    state: str = "ready"
    role: str = "server"
    availability: str = "active"
    leader: bool = False
    disk: Room | None = None
    memory: Room | None = None
    measured: float = 0


@dataclass(frozen=True)
class Task:
    """A container of a service. `part` is `app`, `data`, `edge` or `pages`; `colour` is for one server."""

    service: str
    part: str
    state: str
    node: str = ""
    number: int = 0
    colour: str = ""
    release: str = ""
    image: str = ""
    since: str = ""


@dataclass(frozen=True)
class Service:
    name: str
    part: str
    wanted: int
    running: int
    failed: int = 0


@dataclass(frozen=True)
class Rollout:
    """What a run does with the app now. `done` of `total` tasks have the release."""

    kind: str
    before: str = ""
    after: str = ""
    by: str = ""
    since: float = 0
    step: str = ""
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Release:
    id: str
    state: str
    at: float = 0
    by: str = ""


@dataclass(frozen=True)
class Certificate:
    """`ends` is 0 where none is served."""

    name: str
    ends: float = 0


@dataclass(frozen=True)
class Document:
    """What is said of an app. `others` are such documents of the other apps of the server."""

    app: str
    runner: str
    host: str
    time: float
    live: str = ""
    colour: str = ""
    stopped: bool = False
    maintenance: bool = False
    mail_port: int = 0
    problems: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    tasks: tuple[Task, ...] = ()
    services: tuple[Service, ...] = ()
    rollout: Rollout | None = None
    releases: tuple[Release, ...] = ()
    certificates: tuple[Certificate, ...] = ()
    backup: Backup | None = None
    others: tuple[Document, ...] = ()


def as_json(document: Document | Machine) -> dict[str, Any]:
    return asdict(document)


def read_machine(given: Any) -> Machine | None:
    """Read what another node said of itself. Return None for what is not that: it is another host's word."""
    if not isinstance(given, Mapping) or not isinstance(given.get("name"), str):
        return None
    backup = given.get("backup")
    return Machine(
        given["name"],
        _number(given.get("time")),
        _room(given.get("disk")),
        _room(given.get("memory")),
        _backup(backup) if isinstance(backup, Mapping) else None,
    )


def _room(given: Any) -> Room | None:
    if not isinstance(given, Mapping):
        return None
    return Room(int(_number(given.get("free"))), int(_number(given.get("total"))))


def _backup(given: Mapping[str, Any]) -> Backup:
    troubles = [text for text in given.get("troubles") or [] if isinstance(text, str)]
    return Backup(_number(given.get("made")), _number(given.get("verified")), tuple(troubles))


def _number(value: Any) -> float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def count(tasks: Iterable[Task], wanted: Mapping[tuple[str, str], int], failed: Mapping[str, int]) -> list[Service]:
    """Return the services with their tasks that run and are well; `wanted` has part and name."""
    found = list(tasks)
    return [
        Service(
            name,
            part,
            number,
            sum(task.state in UP for task in found if (task.part, task.service) == (part, name)),
            failed.get(name, 0),
        )
        for (part, name), number in wanted.items()
    ]


def last_step(text: str, project: str) -> str:
    """Return the last state of the work out of the progress file; no line of a program's output."""
    lines = [line.removeprefix(f"{project}: ") for line in text.splitlines() if line.startswith(f"{project}: ")]
    states = [line for line in lines if not line.startswith("| ")]
    return states[-1][:LONGEST_STEP] if states else ""
