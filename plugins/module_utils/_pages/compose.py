# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app on one server, as its document says it: containers of both colours, releases, and what a run is at."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .._app.docker_words import COMPOSE_ONE_OFF, COMPOSE_PROJECT, COMPOSE_SERVICE
from .._app.lock import Lease, LeaseFile
from .._app.maintenance import SERVER
from .._app.release import Manifest
from .._compose import store
from .._compose.colours import COLOURS
from .._compose.recall import read_journal
from .._swarm.engine import EngineError
from .document import (
    HEALTHY,
    RUNNING,
    STARTING,
    STOPPED,
    STOPPING,
    UNHEALTHY,
    UP,
    Document,
    Machine,
    Node,
    Release,
    Rollout,
    Task,
    count,
)
from .settings import RUNTIME, Settings

HEALTH = {"(healthy)": HEALTHY, "(unhealthy)": UNHEALTHY, "(health: starting)": STARTING}
OTHER = {"restarting": STARTING, "created": STARTING, "removing": STOPPING, "paused": STOPPED}


@dataclass(frozen=True)
class Facts:
    """What the engine and the app's directory say. `containers` are items of the Engine API's list."""

    containers: Iterable[Mapping[str, Any]]
    releases: Mapping[str, Manifest]
    live: Manifest | None = None
    journal: Mapping[str, Any] | None = None
    lease: Lease | None = None
    stopped: bool = False
    maintenance: bool = False


def look(engine: Any, settings: Settings) -> Facts:
    directory = Path(settings.directory)
    releases = store.read_all(directory)
    return Facts(
        engine.get("/containers/json", all=True, filters={"label": [COMPOSE_PROJECT]}),
        releases,
        store.live(directory, releases),
        read_journal(directory / "transaction.json"),
        LeaseFile(directory / "lease.json", time.time).read(),
        (directory / "stopped.json").exists(),
        bool(settings.edge_directory) and (Path(settings.edge_directory) / SERVER).exists(),
    )


def document(
    facts: Facts,
    settings: Settings,
    own: Machine,
    now: float,
    step: str = "",
    by: Mapping[str, str] = MappingProxyType({}),
    machines: Mapping[str, Machine] = MappingProxyType({}),
) -> Document:
    """Describe the app. `by` says of releases who made them; there are no other `machines`."""
    tasks = tuple(sorted(_tasks(facts, settings.app), key=lambda t: (t.part, t.colour, t.service, t.number)))
    live = facts.live
    return Document(
        app=settings.app,
        runner="compose",
        host=own.name,
        time=now,
        live=live.id if live else "",
        colour=live.colour if live else "",
        stopped=facts.stopped,
        maintenance=facts.maintenance,
        mail_port=settings.mail_port,
        nodes=(Node(own.name, disk=own.disk, memory=own.memory, measured=own.time),),
        tasks=tasks,
        services=tuple(_services(facts, tasks)),
        rollout=rollout(facts, tasks, now, step),
        releases=tuple(
            Release(m.id, "live" if live and m.id == live.id else m.state, m.live_at, by.get(m.id, ""))
            for m in facts.releases.values()
        ),
        backup=own.backup,
    )


def _tasks(facts: Facts, app: str) -> Iterable[Task]:
    journal = facts.journal or {}
    live = {facts.live.colour: facts.live.id} if facts.live else {}
    shown = {*live, journal.get("colour", "")}
    for item in facts.containers:
        labels = item.get("Labels") or {}
        project = labels.get(COMPOSE_PROJECT, "")
        colour = project.removeprefix(f"{app}-") if project != app else ""
        if labels.get(COMPOSE_ONE_OFF, "False") != "False" or (project != app and colour not in COLOURS):
            continue
        state = _state(item)
        if colour and colour not in shown and state not in (*UP, STARTING, UNHEALTHY):
            continue  # what is kept for a way back, or is left of it
        yield _task(item, labels.get(COMPOSE_SERVICE, ""), colour, state)


def _task(item: Mapping[str, Any], service: str, colour: str, state: str) -> Task:
    image, _colon, tag = item.get("Image", "").rpartition(":")  # an id, `sha256:...`, where the tag is another's now
    return Task(
        service=service,
        part="app" if colour else "data",
        state=state,
        number=_number((item.get("Names") or [""])[0]),
        colour=colour,
        release=tag if colour and image not in ("", "sha256") else "",
        image="" if colour else item.get("Image", ""),
        since=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(item.get("Created", 0))),
    )


def _number(name: str) -> int:
    last = name.rpartition("-")[2]
    return int(last) if last.isdigit() else 0


def _state(item: Mapping[str, Any]) -> str:
    """Read state and health from the engine's one line of both: asking each container would show its variables."""
    state, words = item.get("State", ""), item.get("Status", "")
    if state == "running":
        return next((health for text, health in HEALTH.items() if text in words), RUNNING)
    return OTHER.get(state, STOPPED)


def replicas(services: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    return {name: int((service or {}).get("replicas", 1)) for name, service in services.items()}


def _services(facts: Facts, tasks: Iterable[Task]) -> list[Any]:
    if not facts.live:
        return []
    mine = [task for task in tasks if task.colour in ("", facts.live.colour)]
    wanted = {("app", name): number for name, number in replicas(facts.live.services).items()}
    return count(mine, wanted | {("data", name): 1 for name in facts.live.data_services}, {})


def rollout(facts: Facts, tasks: Iterable[Task], now: float, step: str) -> Rollout | None:
    """Tell what a run is at; None when none is. A killed run's journal stays until the next one undoes it."""
    lease, journal = facts.lease, facts.journal or {}
    held = bool(lease and lease.is_held(now))
    if not held and not journal:
        return None
    after = journal.get("release", "")
    wanted = replicas(facts.releases[after].services) if after in facts.releases else {}
    new = [task for task in tasks if task.colour == journal.get("colour") and task.release == after and task.colour]
    return Rollout(
        kind=journal.get("kind") or (lease.purpose if lease else ""),
        before=facts.live.id if facts.live else "",
        after=after,
        by=lease.owner if lease and held else "",
        since=(lease.since if lease and held else 0) or journal.get("started", 0),
        step=(step or journal.get("step", "")) if held else "its run was killed; the next one undoes it",
        done=sum(task.state in UP for task in new),
        total=sum(wanted.values()),
    )


# What the writer asks of whoever runs the app.
def place(_engine: Any, _settings: Settings) -> Path | None:
    return RUNTIME


def neighbours(*_about: Any) -> dict[str, Machine]:
    return {}


def is_elsewhere(_engine: Any, _error: EngineError) -> bool:
    return False
