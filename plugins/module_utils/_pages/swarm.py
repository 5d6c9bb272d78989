# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app in a Swarm, as its document says it: nodes, tasks, services, releases, and what a run is at."""

from __future__ import annotations

import calendar
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .._app.lock import Lease
from .._app.maintenance import SERVER
from .._swarm import node_edge
from .._swarm.engine import EngineError, NotInSwarm
from .._swarm.labels import APP, CARRIER, JOB, KIND, PART, SERVICE, STATELESS
from .._swarm.node import Node as Member
from .._swarm.node import parse_node
from .._swarm.placement import eligible
from .._swarm.service import EDGE_FILES, PAGES_FILES, replicas
from .._swarm.stack.overlay import network_namespace, overlay_request
from .._swarm.stack.stopped import is_stopped
from .._swarm.stack.store import JOURNAL, LOCK, RELEASE, content_of, lease_of
from .._swarm.task import BROKEN, LEAVING, parse_task
from .._swarm.task import Task as Seen
from .document import (
    HEALTHY,
    LOST,
    RUNNING,
    STARTING,
    STOPPING,
    UP,
    WAITING,
    Document,
    Machine,
    Node,
    Release,
    Rollout,
    Task,
    count,
)
from .neighbours import TIMEOUT, addresses, ask
from .settings import Settings

RECENT = 600.0  # seconds for which a failed task counts
UNPLACED = ("new", "pending", "allocated")
MEASURED_FOR = 180.0  # seconds for which what a node said of its disk counts


@dataclass(frozen=True)
class Facts:
    """What the engine says, as its API has it: `services` and `configs` by name, `tasks` of all of them."""

    nodes: Mapping[str, Member]
    services: Mapping[str, Mapping[str, Any]]
    tasks: Iterable[Mapping[str, Any]]
    configs: Mapping[str, Mapping[str, Any]]
    maintenance: bool = False

    def of_kind(self, kind: str) -> list[Mapping[str, Any]]:
        return [item for item in self.configs.values() if item["Spec"]["Labels"].get(KIND) == kind]


def look(engine: Any, settings: Settings) -> Facts:
    """Ask a manager. Raise NotInSwarm on a worker, and on a manager whose Swarm has no majority."""
    mine = {"label": [f"{APP}={settings.app}"]}
    named = {
        kind: {item["Spec"]["Name"]: item for item in engine.get(f"/{kind}", filters=mine)}
        for kind in ("services", "configs")
    }
    return Facts(
        {node.id: node for node in map(parse_node, engine.get("/nodes"))},
        {name: item for name, item in named["services"].items() if item["Spec"]["Labels"].get(PART) != CARRIER},
        engine.get("/tasks", filters=mine),
        named["configs"],
        _is_closed(engine, settings.app),
    )


def _is_closed(engine: Any, app: str) -> bool:
    place = _directory(engine, app, EDGE_FILES)
    return place is not None and (place / SERVER).exists()


def _directory(engine: Any, app: str, files: str) -> Path | None:
    """Return where this node has files of a service; None also where the engine does not say."""
    try:
        return node_edge.directory(engine, app, files)
    except EngineError:
        return None


def document(
    facts: Facts,
    settings: Settings,
    own: Machine,
    now: float,
    step: str = "",
    by: Mapping[str, str] = MappingProxyType({}),
    machines: Mapping[str, Machine] = MappingProxyType({}),
) -> Document:
    """Describe the app. `by` says of releases who made them, `machines` what nodes said of themselves."""
    said = {**machines, own.name: own}
    tasks = tuple(sorted(_tasks(facts), key=lambda t: (t.node, t.part, t.service, t.number)))
    live = next((item for item in _releases(facts, by) if item.state == "live"), None)
    return Document(
        app=settings.app,
        runner="swarm",
        host=own.name,
        time=now,
        live=live.id if live else "",
        stopped=is_stopped(_specs(facts)),
        maintenance=facts.maintenance,
        mail_port=settings.mail_port,
        nodes=tuple(_node(node, said.get(node.name), now) for node in _by_name(facts.nodes.values())),
        tasks=tasks,
        services=tuple(_services(facts, tasks, now)),
        rollout=rollout(facts, tasks, live.id if live else "", now, step),
        releases=tuple(_releases(facts, by)),
        backup=next((machine.backup for machine in said.values() if machine.backup), None),
    )


def _by_name(nodes: Iterable[Member]) -> list[Member]:
    """Sort managers before workers; of a host that has joined twice only what counts."""
    found: dict[str, Member] = {}
    for node in sorted(nodes, key=lambda node: (node.is_ready, node.created)):
        found[node.name] = node
    return sorted(found.values(), key=lambda node: (node.role, node.name))


def _node(node: Member, said: Machine | None, now: float) -> Node:
    fresh = said if said and now - said.time < MEASURED_FOR else Machine(node.name)
    state = "ready" if node.is_ready else "down"
    return Node(node.name, state, node.role, node.availability, node.leader, fresh.disk, fresh.memory, fresh.time)


def _specs(facts: Facts) -> dict[str, Mapping[str, Any]]:
    return {name: item["Spec"] for name, item in facts.services.items() if item["Spec"]["Labels"].get(PART) != JOB}


def _tasks(facts: Facts) -> Iterator[Task]:
    specs = {item["ID"]: item["Spec"] for item in facts.services.values()}
    for item in facts.tasks:
        task = parse_task(item)
        spec = specs.get(task.service)
        if spec is None or task.has_ended or (task.desired not in ("running", "ready", *LEAVING)):
            continue
        container = item["Spec"]["ContainerSpec"]
        tag = container["Image"].partition("@")[0]
        part = spec["Labels"].get(PART, "")
        yield Task(
            service=spec["Labels"].get(SERVICE, spec["Name"]) if not spec["Name"].endswith("-trial") else _trial(spec),
            part=part,
            state=state(task, facts.nodes, bool((container.get("Healthcheck") or {}).get("Test"))),
            node=facts.nodes[task.node].name if task.node in facts.nodes else "",
            number=task.slot,
            release=tag.rpartition(":")[2] if _is_built(tag, spec) else "",
            image="" if _is_built(tag, spec) else tag,
            since=task.changed or task.created,
        )


def _trial(spec: Mapping[str, Any]) -> str:
    return f"{spec['Labels'].get(SERVICE, '')} (on trial)"


def _is_built(image: str, spec: Mapping[str, Any]) -> bool:
    """Tell whether an image is one of the app's own: their names end so, with the release as tag."""
    name = image.rpartition(":")[0]
    return name.endswith(f"/{spec['Labels'].get(APP, '')}/{spec['Labels'].get(SERVICE, '')}")


def state(task: Seen, nodes: Mapping[str, Member], is_checked: bool) -> str:
    """Name a task's state. Swarm calls it running when its health check is met."""
    if not task.node_lives(nodes):
        return LOST
    if task.is_leaving:
        return STOPPING
    if task.state == "running":
        return HEALTHY if is_checked else RUNNING
    return WAITING if task.state in UNPLACED else STARTING


def _services(facts: Facts, tasks: Iterable[Task], now: float) -> list[Any]:
    wanted = {}
    for spec in _specs(facts).values():
        if not spec["Name"].endswith("-trial"):
            number = replicas(spec)
            key = (spec["Labels"].get(PART, ""), spec["Labels"].get(SERVICE, ""))
            wanted[key] = len(eligible(spec, facts.nodes.values())) if number is None else number
    return count(tasks, dict(sorted(wanted.items())), _failed(facts, now))


def _failed(facts: Facts, now: float) -> Counter[str]:
    """Count the tasks of each service that have failed lately."""
    names = {item["ID"]: item["Spec"]["Labels"].get(SERVICE, "") for item in facts.services.values()}
    broken = (task for task in map(parse_task, facts.tasks) if task.state in BROKEN)
    return Counter(names.get(task.service, "") for task in broken if now - moment(task.changed) < RECENT)


def moment(text: str) -> float:
    """Read a time of the engine, which has more digits than Python reads; 0 for none."""
    try:
        return float(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
    except ValueError:
        return 0.0


def _releases(facts: Facts, by: Mapping[str, str]) -> list[Release]:
    """Read the labels of what the Swarm keeps of releases; the rest holds their variables."""
    found = []
    for item in facts.of_kind(RELEASE):
        labels = item["Spec"]["Labels"]
        name = labels.get("izzzi.release", "")
        at = float(labels.get("izzzi.live_at") or 0)
        found.append(Release(name, labels.get("izzzi.state", ""), at, by.get(name, "")))
    found.sort(key=lambda release: release.at, reverse=True)
    live = next((release for release in found if release.state == "good"), None)
    return [Release(r.id, "live" if r is live else r.state, r.at, r.by) for r in found]


def rollout(facts: Facts, tasks: Iterable[Task], live: str, now: float, step: str) -> Rollout | None:
    """Tell what a run is at; None when none is. A killed run's journal stays until the next one undoes it."""
    lease, journal = _lease(facts), _journal(facts)
    held = bool(lease and lease.is_held(now))
    if not held and not journal:
        return None
    kind = journal.get("kind") or (lease.purpose if lease else "")
    after = journal.get("release", "") if kind in ("deploy", "rollback") else ""
    own = [task for task in tasks if task.part == STATELESS and task.release and "(" not in task.service]
    total = {task.service for task in own}
    specs = [spec for spec in _specs(facts).values() if spec["Labels"].get(SERVICE) in total]
    return Rollout(
        kind=kind,
        before=live,
        after=after,
        by=lease.owner if lease and held else "",
        since=lease.since if lease and held else 0,
        step=step if held else "its run was killed; the next one undoes it",
        done=sum(task.release == after and task.state in UP for task in own),
        total=sum(replicas(spec) or 0 for spec in specs if not spec["Name"].endswith("-trial")) if after else 0,
    )


def _lease(facts: Facts) -> Lease | None:
    return next(map(lease_of, facts.of_kind(LOCK)), None)


def _journal(facts: Facts) -> dict[str, Any]:
    """Return release and kind alone: the rest is whole definitions of services."""
    for item in facts.of_kind(JOURNAL):
        found = content_of(item)
        return {key: str(found.get(key, "")) for key in ("release", "kind")}
    return {}


# What the writer asks of whoever runs the app.
def place(engine: Any, settings: Settings) -> Path | None:
    """Return the volume of this node's task."""
    return _directory(engine, settings.app, PAGES_FILES)


def neighbours(engine: Any, settings: Settings, facts: Facts | None, own: str) -> dict[str, Machine]:
    places = addresses(facts, settings.app, own) if facts else {}
    process = network_namespace(engine, settings.app) if places else 0
    return ask(places, lambda *where: overlay_request(process, *where, {}, TIMEOUT)) if process else {}


def is_elsewhere(engine: Any, error: EngineError) -> bool:
    """Tell whether this node is none of the Swarm's managers, which alone know it."""
    if not isinstance(error, NotInSwarm):
        return False
    try:
        return not (dict(engine.get("/info")).get("Swarm") or {}).get("ControlAvailable")
    except EngineError:
        return False
