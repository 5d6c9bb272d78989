# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of data services that no undo brings back: another volume in its place, another major version. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._app.app import volume_name
from .._app.data_move import major, program, upgrade_hint, volume_hint
from .._app.service_rules import targets
from .colours import ColouredApp
from .containers import Container
from .neighbours import is_same, published


def declared_volumes(app: ColouredApp, service: str) -> dict[str, str]:
    """Docker's names of the volumes that a data service mounts, by the path inside."""
    return _volumes(app, app.data_services[service])


def _volumes(app: ColouredApp, definition: Mapping[str, Any]) -> dict[str, str]:
    mounts = targets(definition)
    return {path: app.volume_name(source) for path, source in mounts.items() if source in app.volumes}


def held_volumes(container: Container) -> dict[str, str]:
    """The volumes with a name that a container mounts, by the path inside."""
    return {path: name for path, name in container.volumes.items() if name not in container.nameless}


def rivals(app: ColouredApp, containers: Iterable[Container]) -> list[Container]:
    """Containers of services that are declared no more, on volumes of those that are: both must never run at once."""
    wanted = {name for service in app.data_services for name in declared_volumes(app, service).values()}
    return [c for c in containers if c.service not in app.data_services and wanted & {*held_volumes(c).values()}]


def remembered(project: str, document: Mapping[str, Any] | None, containers: Iterable[Container]) -> list[Container]:
    """Stand-ins for data services whose container somebody has removed, from the document that they were made from."""
    there = {container.service for container in containers}
    services, volumes = (document or {}).get("services") or {}, (document or {}).get("volumes") or {}
    return [
        Container("", name, name, "removed", "", 0, 0, "", "", str(service.get("image", "")), {}, held)
        for name, service in services.items()
        if name not in there and isinstance(service, Mapping)
        for held in [{p: volume_name(project, s, volumes[s]) for p, s in targets(service).items() if s in volumes}]
    ]


def together(app: ColouredApp, kept: Mapping[str, dict], today: Mapping[str, dict]) -> dict[str, dict]:
    """Adds to today's data services those that only a kept release had, which needs them by their names. What of
    today's is on the same volume, or on the same port of the host, gives way: both must never run at once."""
    back = [{name: definition} for name, definition in kept.items() if name not in today]
    stay = {name: s for name, s in today.items() if not any(_collide(app, {name: s}, one) for one in back)}
    return {**kept, **stay}


def _collide(app: ColouredApp, one: Mapping[str, dict], other: Mapping[str, dict]) -> bool:
    mine, theirs = ({v for s in services.values() for v in _volumes(app, s).values()} for services in (one, other))
    ports = ((a, b) for _name, a in published(one) for _other, b in published(other))
    return bool(mine & theirs) or any(is_same(a, b) for a, b in ports)


def losses(app: ColouredApp, containers: Iterable[Container]) -> list[str]:
    """What the declared data services would lose of those that run."""
    found: list[str] = []
    for container in containers:
        if container.service in app.data_services:
            found += _other_volumes(app, container)
        found += _other_versions(app, container)
    return found


def _other_volumes(app: ColouredApp, container: Container) -> Iterator[str]:
    declared = declared_volumes(app, container.service)
    for path, volume in held_volumes(container).items():
        if declared.get(path) != volume:
            instead = f"the volume {declared[path]}" if path in declared else "nothing of a volume's"
            key = targets(app.data_services[container.service]).get(path, "")
            yield (
                f"app_compose_data_services.{container.service}: its data is in the volume {volume}, at {path};"
                f" declared there is {instead}, so that it would begin without that data."
                f"{volume_hint(volume, declared.get(path, ''), key)}"
            )


def _other_versions(app: ColouredApp, container: Container) -> Iterator[str]:
    held = {*held_volumes(container).values()}
    for service, definition in app.data_services.items():
        shared = held & {*declared_volumes(app, service).values()}
        change = image_change(container.image_name, app.declared_image(definition)) if shared else ""
        if change:
            yield (
                f"app_compose_data_services.{service}: {change} on the data in the volume {', '.join(sorted(shared))}:"
                " it may refuse that data, or change it so that the old one cannot read it any more."
                f"{upgrade_hint(container.image_name, app.declared_image(definition))}"
            )


def image_change(old: str, new: str) -> str:
    """Whether another program or another major version would get the data, in words; empty when not, or not known."""
    if not _is_known(old) or not _is_known(new):
        return ""
    if program(old) != program(new):
        return f"{new} takes the place of {old}"
    versions = {major(old), major(new)}
    return f"{old} becomes {new}, another major version," if len(versions) == 2 and all(versions) else ""


def _is_known(image: str) -> bool:
    return bool(program(image)) and "$" not in image and not program(image).startswith("sha256")
