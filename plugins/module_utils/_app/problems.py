# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the declaration of an app, in words, before anything is touched. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .jobs.declared import job_problems
from .values import SpecError, read_port

_PINNED = re.compile(r"(@sha256:[0-9a-f]{64}|:(?!latest$)[^/:]+)$")
_LOOPBACK = ("127.0.0.1", "::1")
OF_THE_SWARM = ("edge", "release-command")  # services that the role makes itself

Services = Mapping[str, Mapping[str, Any]]


def app_problems(app: Mapping[str, Any], prefix: str) -> list[str]:
    """Return one sentence for each fault. `app` has the declaration by the names of a role's inputs without their
    `prefix`, such as `app_compose_`; what a runner does not know is left out."""
    found = dictionary_problems(app.get("services") or {}, f"{prefix}services")
    found += dictionary_problems(app.get("data_services") or {}, f"{prefix}data_services")
    services, data = (_dictionaries(app.get(part) or {}) for part in ("services", "data_services"))
    found += _names(services, data, prefix) if not found else []
    for part, some in (("services", services), ("data_services", data)):
        found += _images(some, f"{prefix}{part}")
    found += _release_command(app.get("release_command") or {}, services, prefix)
    found += job_problems(app.get("jobs") or {}, services, data, prefix)
    is_swarm = "edge_sites" in app
    found += _open_ports({**services, **data} if is_swarm else data, app.get("public_ports") or [], prefix, is_swarm)
    if is_swarm:
        return [*found, *_swarm(app, services, data, prefix)]
    return [*found, *_compose(app, services, data, prefix)]


def dictionary_problems(services: Mapping[str, Any], place: str) -> list[str]:
    """Find services that are not dictionaries, among those that `place` (a variable's name) declares."""
    return [
        f"{place}.{name} must be a dictionary as in a compose file; it is {service!r}."
        for name, service in services.items()
        if not isinstance(service, Mapping)
    ]


def _dictionaries(services: Mapping[str, Any]) -> Services:
    return {name: service for name, service in services.items() if isinstance(service, Mapping)}


def _names(services: Services, data: Services, prefix: str) -> Iterator[str]:
    if not services:
        yield f"{prefix}services is empty: declare at least one service."
    if shared := [name for name in services if name in data]:
        yield f"{prefix}services and {prefix}data_services share a name: {', '.join(shared)}."


def _images(services: Services, place: str) -> Iterator[str]:
    """Find images by a tag that moves, which would make a rollback start something else."""
    for name, service in services.items():
        if "build" not in service and not _PINNED.search(str(service.get("image", ""))):
            yield f"{place}.{name} needs `build`, or `image` with a digest or a tag that is not latest."


def _release_command(command: Mapping[str, Any], services: Services, prefix: str) -> Iterator[str]:
    if not command:
        return
    if not command.get("service") or not command.get("command"):
        yield f"{prefix}release_command: give both service and command, or neither."
    elif command["service"] not in services:
        there = ", ".join(services)
        yield f"{prefix}release_command: there is no service {command['service']}; {prefix}services has {there}."


def _open_ports(services: Services, public: list[Any], prefix: str, is_swarm: bool) -> Iterator[str]:
    allowed = {str(port) for port in public}
    for name, service in services.items():
        for item in service.get("ports") or []:
            try:
                port = read_port(item)
            except SpecError:
                continue  # told by the runner's own judge, with the place
            if port.address in _LOOPBACK or {*map(str, range(port.first, port.last + 1))} <= allowed:
                continue
            place = f"{port.first}-{port.last}" if port.first < port.last else port.first or "that Docker chooses"
            cure = (
                f"Let the edge reach the service ({prefix}edge_sites)"
                if is_swarm
                else 'Publish it on 127.0.0.1 ("127.0.0.1:1080:1080")'
            )
            yield (
                f"{prefix}{'services' if is_swarm else 'data_services'}: {name} would be open to the internet at port"
                f" {place}. {cure}, or list it in {prefix}public_ports."
            )


def _compose(app: Mapping[str, Any], services: Services, data: Services, prefix: str) -> Iterator[str]:
    for name, service in services.items():
        for key in ("ports", "container_name"):
            if key in service:
                yield (
                    f"{prefix}services.{name}.{key}: two colours cannot share host ports or container names. Say"
                    " `port: 4000`, the port inside the container, instead of `ports`; nginx finds it."
                )
    needs = {"database": {"service", "name", "user"}, "redis": {"service"}}
    for part, keys in needs.items():
        if not (declared := app.get(part) or {}):
            continue
        password = f"{prefix}{part}_password"
        whole = set(declared) >= keys and (part == "redis" or set(declared) == keys)
        if not whole or declared["service"] not in data or not app.get(f"{part}_password"):
            rest = ", name and user, and" if part == "database" else ", and"
            yield f"{prefix}{part}: give service (one of {prefix}data_services){rest} {password}."


def _swarm(app: Mapping[str, Any], services: Services, data: Services, prefix: str) -> Iterator[str]:
    every = {**data, **services}
    if taken := [name for name in OF_THE_SWARM if name in every]:
        yield f"No service may be called {' or '.join(taken)}: the role has its own."
    built = [name for name, service in every.items() if "build" in service]
    if built and not app.get("registry"):
        yield (
            f"{prefix}registry: nodes need a place to pull from what is built here ({', '.join(built)}). Give it as"
            " host:port."
        )
    locations = list(_locations(app["edge_sites"], f"{prefix}edge_sites"))
    yield from _edge_services(locations, every)
    yield from _asked_for_a_password(locations, services, f"{prefix}services")


def _locations(sites: Any, where: str) -> Iterator[Mapping[str, Any]]:
    """Go through the locations that name a service, each with its `place` and the site's `basic_auth`. What has another
    shape is told by whoever judges sites."""
    for name, site in sites.items() if isinstance(sites, Mapping) else ():
        locations = site.get("locations") if isinstance(site, Mapping) else None
        for number, location in enumerate(locations if isinstance(locations, list) else (), 1):
            if isinstance(location, Mapping) and {"path", "service"} <= {*location}:
                auth = location.get("basic_auth", site.get("basic_auth"))
                yield {**location, "basic_auth": auth, "place": f"{where}.{name}.locations[{number}]"}


def _edge_services(locations: list[Mapping[str, Any]], every: Services) -> Iterator[str]:
    for location in locations:
        name, place = location["service"], location["place"]
        if name not in every:
            yield f"{place}: there is no service {name}."
            continue
        port = int(location.get("port") or every[name].get("port") or 0)
        if not port:
            yield f"{place}: {name} has no `port`, so that the location needs one of its own."
        if not location.get("sticky"):
            continue
        for other, service in every.items():
            if other != name and int(service.get("port") or 0) == port:
                yield (
                    f"{place}: {location['path']} is sticky, and {other} has {name}'s port {port}: a cookie of a"
                    " visitor's own making would reach it there. Give one of them another port."
                )


def _asked_for_a_password(locations: list[Mapping[str, Any]], services: Services, place: str) -> Iterator[str]:
    """A release asks its checks at the edge as a visitor without a password."""
    for name, service in services.items():
        for check in service.get("checks") or []:
            path = str(check.get("path", ""))
            over = [location for location in locations if path.startswith(location["path"])]
            nearest = max(over, key=lambda location: len(location["path"]), default={})
            if check.get("edge", True) and nearest.get("basic_auth"):
                yield (
                    f"{place}.{name}.checks: {path} asks for a password at the edge, which a release has not. Say"
                    " `edge: false`."
                )
