# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells in lines for people what `info.report` says of an app. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

from .._app import maintenance
from .._app.jobs.report import status_lines as job_lines
from .._app.release import listed_release

KEPT = ("live", "good")  # states of releases to which a rollback can go

App = Mapping[str, Any]


def status_lines(app: App) -> list[str]:
    """Return one screen: release, containers, the edge, the lock, and what a killed run left."""
    kept = [release["id"] for release in app["releases"] if release["state"] in KEPT]
    unfinished = app["unfinished"]
    return [
        f"Release      {app['live'] or 'none'}{' (' + app['colour'] + ')' if app['colour'] else ''}",
        *container_lines(app),
        *_stopped(app["stopped"]),
        *job_lines(app.get("jobs") or []),
        maintenance.status_line(app),
        f"Lock         {_lock(app['lock'])}",
        f"Unfinished   {unfinished['release'] + ' at ' + unfinished['step'] if unfinished else 'nothing'}",
        f"Kept         {', '.join(kept)}",
        f"Dumps        {len(app['backups'])}",
        f"Free         {app['free_mib']} MiB",
    ]


def live_lines(app: App) -> list[str]:
    """Return the lines of containers that count: not those that the other colour keeps for a rollback."""
    mine = ("data", app["colour"])
    return container_lines(
        {"containers": [c for c in app["containers"] if c["part"] in mine or c["status"] == "running"]}
    )


def container_lines(app: App) -> list[str]:
    """Return a line for each container: its colour or `data`, its service, and how it is."""
    return [
        f"{c['part']:<12} {c['service']:<12} {c['status']:<10} {c['health']}{_restarts(c['restarts'])}".rstrip()
        for c in app["containers"]
    ]


def release_lines(app: App) -> list[str]:
    """Return a line for each release: since when it was live (UTC), or why it never was."""
    return [listed_release(release) for release in app["releases"]] or ["none"]


def _restarts(times: int) -> str:
    return f", restarted {times} times" if times else ""


def _stopped(stop: Mapping[str, Any] | None) -> Iterator[str]:
    if stop:
        when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(stop["at"])))
        yield f"Stopped      {when} by {stop['by']}; start.yml or `izzzi start` brings it back"


def _lock(lock: Mapping[str, Any] | None) -> str:
    return f"{lock['owner']}, {lock['purpose']}{'' if lock['held'] else ', expired'}" if lock else "free"
