# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the containers of a Compose project say about a release. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._app.docker_words import COMPOSE_SERVICE, NAMELESS, RUNNING, is_one_off, labels_of


@dataclass(frozen=True)
class Container:
    id: str
    name: str
    service: str
    status: str
    health: str
    exit_code: int
    restarts: int
    image: str
    started: str
    image_name: str = ""
    # Ports inside, with those that the host publishes them on.
    ports: Mapping[int, list[int]] = field(default_factory=dict)
    # Docker's names of volumes, by the path inside.
    volumes: Mapping[str, str] = field(default_factory=dict)

    @property
    def nameless(self) -> set[str]:
        """Volumes that Docker made without a name: it gives them one that says nothing."""
        return {name for name in self.volumes.values() if NAMELESS.fullmatch(name)}

    @property
    def is_up(self) -> bool:
        return self.status == "running" and self.health in ("", "healthy")

    @property
    def trouble(self) -> str:
        """Why it can be given up, empty while there is hope."""
        if self.status in ("exited", "dead"):
            return f"its container exited with {self.exit_code}"
        if self.restarts > 0 or self.status == "restarting":
            # One that runs again has forgotten the code, and says 0.
            ended = f"exited with {self.exit_code}" if self.exit_code or self.status != "running" else "ended"
            often = "once" if self.restarts == 1 else f"{self.restarts} times"
            return f"its container {ended} and was restarted {often}"
        return ""


def parse(inspected: str) -> list[Container]:
    """Containers from the output of `docker container inspect`; one-off containers do not count."""
    return [_container(item) for item in json.loads(inspected or "[]") if not is_one_off(item)]


def _container(item: Mapping[str, Any]) -> Container:
    state = item["State"]
    return Container(
        id=item["Id"],
        name=item["Name"].lstrip("/"),
        service=labels_of(item).get(COMPOSE_SERVICE, ""),
        status=state["Status"],
        health=(state.get("Health") or {}).get("Status", ""),
        exit_code=state.get("ExitCode", 0),
        restarts=item.get("RestartCount", 0),
        image=item["Image"],
        started=state.get("StartedAt", ""),
        image_name=item["Config"].get("Image", ""),
        ports=_ports((item.get("HostConfig") or {}).get("PortBindings") or {}),
        volumes={m["Destination"]: m["Name"] for m in item.get("Mounts") or [] if m.get("Type") == "volume"},
    )


def _ports(bindings: Mapping[str, list[Mapping[str, str]] | None]) -> dict[int, list[int]]:
    """From what a container was made with, which a stopped one still knows. Replicas share a range."""
    found: dict[int, list[int]] = {}
    for inside, places in bindings.items():
        mine = found.setdefault(int(inside.partition("/")[0]), [])
        for place in places or []:
            first, _dash, last = place.get("HostPort", "").partition("-")
            if first.isdigit():
                mine += range(int(first), int(last or first) + 1)
    return found


def published(containers: Iterable[Container]) -> dict[str, list[int]]:
    """The host's ports of each service that publishes any."""
    found: dict[str, set[int]] = {}
    for container in containers:
        for ports in container.ports.values():
            found.setdefault(container.service, set()).update(ports)
    return {service: sorted(ports) for service, ports in found.items() if ports}


def trouble(containers: Iterable[Container]) -> dict[str, str]:
    """Services that can be given up, with the reason."""
    return {c.service: c.trouble for c in containers if c.trouble}


def unhealthy(containers: Iterable[Container]) -> set[str]:
    """Services whose health check fails: on a busy host they may recover, so that one look does not count."""
    return {c.service for c in containers if c.health == "unhealthy"}


def ended(containers: Iterable[Container], restarts: Mapping[str, int]) -> dict[str, str]:
    """Services of which a container has ended since it was restarted so often, by id; others are not looked at."""
    found = [c for c in containers if c.id in restarts]
    fell = [c for c in found if c.status in ("exited", "dead", "restarting") or c.restarts > restarts[c.id]]
    return {c.service: c.trouble for c in fell}


def running(containers: Iterable[Container]) -> set[str]:
    """Services of which a container runs, or is about to."""
    return {c.service for c in containers if c.status in RUNNING}


def surplus(containers: Iterable[Container], wanted: Mapping[str, int]) -> dict[str, str]:
    """Services of which more containers run than are declared: somebody has scaled them by hand."""
    up = [c.service for c in containers if c.status in RUNNING]
    return {
        name: f"{up.count(name)} run, declared {'is' if replicas == 1 else 'are'} {replicas}"
        for name, replicas in wanted.items()
        if up.count(name) > replicas
    }


def superfluous(containers: Iterable[Container], wanted: Mapping[str, int]) -> list[Container]:
    """Running containers beyond the declared number: of each service the ones that were made last."""
    up = sorted((c for c in containers if c.status in RUNNING), key=_number)
    return [c for name, replicas in wanted.items() for c in [c for c in up if c.service == name][replicas:]]


def _number(container: Container) -> int:
    """Compose counts a service's containers at the end of their names."""
    number = container.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def stopped(containers: Iterable[Container], wanted: Mapping[str, int]) -> dict[str, str]:
    """Services of which a container is missing or does not run. An unhealthy one runs: starting it heals nothing."""
    return waiting((replace(c, health="") for c in containers), wanted)


def culprit(containers: Iterable[Container], wanted: Mapping[str, int]) -> tuple[str, str] | None:
    """The service that the others wait for, and why: one that cannot get up before one that has not yet, and one that
    runs before one that was never started, since that one waits itself."""
    found = [c for c in containers if c.service in wanted]
    if failed := trouble(found) or dict.fromkeys(sorted(unhealthy(found)), "its health check fails"):
        return next(iter(failed.items()))
    begun = {c.service for c in found if c.status in RUNNING}
    late = sorted(waiting(found, wanted).items(), key=lambda item: item[0] not in begun)
    return late[0] if late else None


def waiting(containers: Iterable[Container], wanted: Mapping[str, int]) -> dict[str, str]:
    """Services that are not up yet, with what they wait for. `wanted` is the number of replicas by service."""
    result = {}
    found = list(containers)
    for service, replicas in wanted.items():
        mine = [c for c in found if c.service == service]
        up = [c for c in mine if c.is_up]
        if len(up) < replicas:
            states = sorted({c.health or c.status for c in mine if not c.is_up}) or ["missing"]
            result[service] = f"{len(up)} of {replicas} up ({', '.join(states)})"
    return result
