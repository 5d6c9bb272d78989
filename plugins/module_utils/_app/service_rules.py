# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared service may say, whichever runner starts it. Pure; Compose and Swarm share it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .values import read_mount

WITH_RELEASE, AFTER_SWITCH = "with_release", "after_switch"


def starts_after_switch(services: Mapping[str, Mapping]) -> list[str]:
    """Return the services that must not run twice: they start when the old release's have stopped."""
    return [
        name for name, given in services.items() if isinstance(given, Mapping) and given.get("start") == AFTER_SWITCH
    ]


def start_problems(place: str, services: Mapping[str, Mapping]) -> Iterator[str]:
    """Find what is wrong with `start` of the services that `place` (a variable's name) declares."""
    for name, service in services.items():
        start = service.get("start", WITH_RELEASE)
        if start not in (WITH_RELEASE, AFTER_SWITCH):
            yield f"{place}.{name}.start: {start!r} is not known. Use {AFTER_SWITCH}, or leave it out."
        for key in ("port", "checks", "assets"):
            if start == AFTER_SWITCH and service.get(key):
                yield (
                    f"{place}.{name} has `{key}` and `start: {AFTER_SWITCH}`: visitors would meet the new release"
                    " before this service runs. Only what works in the background, such as a worker, starts after."
                )


def with_replicas(service: Mapping[str, Any]) -> dict[str, Any]:
    """Return the service with `replicas`, the roles' own word, for a compose file's `deploy.replicas` or `scale`."""
    deploy = dict(service.get("deploy") or {})
    said = [service.get("replicas"), service.get("scale"), deploy.pop("replicas", None)]
    if said[1] is None and said[2] is None:
        return dict(service)
    rest = {key: value for key, value in service.items() if key not in ("scale", "deploy")}
    rest["replicas"] = next(count for count in said if count is not None)
    return rest | ({"deploy": deploy} if deploy else {})


def colour_problems(place: str, services: Mapping[str, Mapping]) -> Iterator[str]:
    """Find what two releases cannot have at the same time, and numbers of containers that are not valid."""
    for name, service in services.items():
        replicas = str(with_replicas(service).get("replicas", 1))
        if not replicas.isdigit() or replicas == "0":
            yield f"{place}.{name}.replicas: {replicas!r} is not a valid number of containers. Use 1 or more."
        if service.get("network_mode") == "host":
            yield (
                f"{place}.{name}.network_mode: host lets both colours listen on the same port of the host. Leave it"
                " out, and say `port`, the port inside the container: nginx finds it."
            )
        yield from _profiles(place, name, service)


def single_problems(place: str, data_services: Mapping[str, Mapping]) -> Iterator[str]:
    """Find data services that are declared to run more than once: two servers on one volume destroy its data."""
    for name, service in data_services.items():
        if str(with_replicas(service).get("replicas", 1)) != "1":
            yield f"{place}.{name} runs once: two servers on one volume destroy its data. Leave `replicas` out."
        yield from _profiles(place, name, service)


def _profiles(place: str, name: str, service: Mapping[str, Any]) -> Iterator[str]:
    if service.get("profiles"):
        yield f"{place}.{name}.profiles: what is declared here always runs. Leave `profiles` out, or the service."


def service_problems(services: Mapping[str, Mapping], data_services: Mapping[str, Mapping]) -> list[str]:
    """Find what is wrong with the services of an app on Compose, with the names of its variables."""
    return [
        *start_problems("app_compose_services", services),
        *colour_problems("app_compose_services", services),
        *single_problems("app_compose_data_services", data_services),
        *nameless_volumes("app_compose_data_services", data_services),
    ]


def targets(service: Mapping[str, Any]) -> dict[str, str]:
    """Return where the service mounts something in the container, with its source; empty when that has no name."""
    mounts = map(read_mount, service.get("volumes") or [])
    found = {_path(m.target): m.source or ("" if m.kind == "volume" else m.kind) for m in mounts}
    tmpfs = service.get("tmpfs") or []
    for path in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        found[_path(str(path).partition(":")[0])] = "tmpfs"
    return found


def _path(text: Any) -> str:
    return "/" + str(text or "").strip("/")


def nameless_volumes(place: str, services: Mapping[str, Mapping]) -> Iterator[str]:
    """Find data services that mount a volume without a name, which the next container would not find again.

    For Compose as for Swarm, where such a volume would also stay behind when the task moves to another node. The place
    is the variable's name. What needs the image to be known is told by `image_volumes`.
    """
    for name, service in services.items():
        for path, source in targets(service).items():
            if not source:
                yield f"{place}.{name} mounts a volume without a name at {path}: {_cure(name, path)}"


def _cure(name: str, path: str) -> str:
    return (
        f"its data would be gone with the container. Name it, `volumes: [{name}:{path}]`, with `{name}: {{}}` among the"
        f" volumes; or say that the data may be lost, `tmpfs: [{path}]`."
    )


def image_volumes(place: str, name: str, service: Mapping[str, Any], declared: Mapping[str, Any] | None) -> list[str]:
    """Find paths at which an image keeps data (`Config.Volumes` of its inspection) while nothing is mounted there.

    Docker would make a volume without a name. Only a mount at the very path counts: one above it is hidden by Docker's.
    """
    mounted = targets(service)
    return [
        f"{place}.{name}: the image {service.get('image', '')} keeps data at {path}, and nothing is mounted there:"
        f" {_cure(name, path)}"
        for path in map(_path, declared or {})
        if path not in mounted
    ]
