# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells in lines for people what `report.info` says of an app. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from ..._app import maintenance
from ..._app.jobs.report import status_lines as job_lines
from ..._app.release import listed_release

KEPT = ("live", "good")  # states of releases to which a rollback can go

App = Mapping[str, Any]


def status_lines(app: App) -> list[str]:
    """Return one screen: release, nodes, services with their tasks, lock, and what a killed run left."""
    kept = [release["id"] for release in app["releases"] if release["state"] in KEPT]
    return [
        f"Release      {app['live'] or 'none'}",
        *map(_node, app["nodes"]),
        *service_lines(app),
        *(["Stopped      yes; start.yml or `izzzi start` brings it back"] if app.get("stopped") else []),
        *job_lines(app.get("jobs") or []),
        *(_certificate(site, said) for site, said in (app.get("certificates") or {}).items()),
        maintenance.status_line(app),
        f"Lock         {_lock(app['lock'])}",
        f"Unfinished   {app['unfinished']['release'] if app['unfinished'] else 'nothing'}",
        f"Kept         {', '.join(kept)}",
    ]


def service_lines(app: App) -> list[str]:
    """Return a line for each service, and one for each of its tasks."""
    return [line for service in app["services"] for line in _service(service)]


def release_lines(app: App) -> list[str]:
    """Return a line for each release: since when it was live (UTC), or why it never was."""
    return [listed_release(release) for release in app["releases"]] or ["none"]


def _certificate(site: str, said: Mapping[str, Any]) -> str:
    until = (
        "a placeholder" if said["is_placeholder"] else f"until {time.strftime('%Y-%m-%d', time.gmtime(said['end']))}"
    )
    return f"{'Certificate':<12} {site:<24} {until}, for {', '.join(said['names'])}"


def _node(node: Mapping[str, Any]) -> str:
    state = "ready" if node["state"] == "ready" else "down"
    closed = "" if node["availability"] == "active" else "takes no tasks"
    return f"{'Node':<12} {node['name']:<24} {state:<8} {closed}".rstrip()


def _service(service: Mapping[str, Any]) -> Iterator[str]:
    problem = f", {service['problem']}" if service["problem"] else ""
    yield f"{'Service':<12} {service['name']:<24} {_count(service)}{problem}"
    for task in service["tasks"]:
        name = f"{service['name']}.{task['slot'] or task['id']}"
        yield f"{'':<12} {name:<24} {task['state']:<8} {task['node']} {task['error']}".rstrip()


def _count(service: Mapping[str, Any]) -> str:
    if service["replicas"] is None:
        return f"{service['running']}, one on each node"
    declared = "" if service["declared"] == service["replicas"] else f" (declared {service['declared']})"
    return f"{service['running']} of {service['replicas']}{declared}"


def _lock(lock: Mapping[str, Any] | None) -> str:
    if not lock:
        return "free"
    return f"{lock['owner']}, {lock['purpose']}{'' if lock['held'] else ', expired'}"
