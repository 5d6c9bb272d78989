# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports, checks and paths: how visitors reach the services of an app. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .model import App, Service
from .tree import Tree
from .variables import names_in

_FIRST = re.compile(r"web|front-?end|client|site|ui|www|app", re.IGNORECASE)
_API = re.compile(r"api|back-?end|server", re.IGNORECASE)
_DEBUGGER = 9229
_HEALTH_ROUTE = re.compile(
    r"(?:src/)?(?:app|pages)/(?P<path>(?:api/)?(?:health|healthz|healthcheck|status))(?:/route)?\.[jt]sx?"
)


def set_ports(app: App, examples: dict[str, str]) -> None:
    """Find the port inside of each container that visitors ask. `examples` has `.env.example` by folder."""
    for service in app.services:
        if service.is_worker:
            continue
        said = next((port for port in service.ports if port != _DEBUGGER), 0) or service.stage.port
        variable = names_in(examples.get(service.folder, "")).get("PORT") or ""
        service.port = said or (int(variable) if variable.isdecimal() else 0)
        if not service.port and service.framework.port:
            service.port = service.framework.port
            app.notes.assumed.append(f"{service.name} listens on port {service.port}, as {service.framework.name} does")
        if not service.port:
            app.missing(service, "no port found: set `port` to the one inside of the container")


def set_checks(tree: Tree, app: App) -> None:
    """Find a path of each service that answers when it is well."""
    for service in app.services:
        if service.is_worker:
            continue
        path = service.health or service.stage.health_path or _route(tree, service)
        if not path and service.framework.check:
            path = service.framework.check
            app.notes.assumed.append(f"{service.name} is well when {path} answers 200")
        if not path:
            app.missing(service, "no health check found: give `checks` a path that answers 200, such as /health")
            continue
        inside = any(_is_below(path, row["path"]) and row["service"] == service.name for row in _nearest(app, path))
        service.checks = [{"path": path} if inside else {"path": path, "edge": False}]


def _route(tree: Tree, service: Service) -> str:
    """Return a route of Next.js that is called as a health check."""
    if service.framework.name != "Next.js":
        return ""
    found = (_HEALTH_ROUTE.fullmatch(name) for name in tree.below(service.folder))
    return next((f"/{match['path']}" for match in found if match), "")


def _nearest(app: App, path: str) -> list[dict[str, Any]]:
    """Return the location that nginx takes for a path."""
    over = [row for row in app.locations if _is_below(path, row["path"])]
    return [max(over, key=lambda row: len(row["path"]))] if over else []


def _is_below(path: str, place: str) -> bool:
    return place == "/" or path == place or path.startswith(f"{place}/")


def set_locations(app: App) -> None:
    """Say which path goes to which service: `/` to what visitors see, `/api` to the API."""
    web = [service for service in app.services if not service.is_worker]
    if not web:
        return
    first = max(web, key=_rank)
    rest = [service for service in web if service is not first]
    rest.sort(key=lambda service: not _API.fullmatch(service.name))
    rows = list(_below(app, rest))
    if sockets := next((service for service in [*rest, first] if service.part.sockets), None):
        path = {"path": "/socket.io", "service": sockets.name}
        rows.append({**path, "sticky": True, "websocket": True, "read_timeout": "1h"})
        app.notes.assumed.append(f"{sockets.name} speaks socket.io, so that /socket.io goes there")
        for other in web:
            if other is not sockets and other.port and other.port == sockets.port:
                app.missing(sockets, f"{other.name} listens on {other.port}, too: a Swarm needs another port here")
    app.locations = [*rows, {"path": "/", "service": first.name}]
    if rest:
        app.notes.assumed.append(f"visitors see {first.name} first, at /")


def _rank(service: Service) -> tuple[bool, bool, bool]:
    name = service.name
    return service.framework.is_page, bool(_FIRST.search(name)), not _API.search(name)


def _below(app: App, services: list[Service]) -> Iterator[dict[str, Any]]:
    for number, service in enumerate(services):
        path = "/api" if number == 0 else f"/{service.name}"
        app.notes.assumed.append(f"{service.name} answers below {path}, and gets the whole path, with {path} in it")
        yield {"path": path, "service": service.name}
