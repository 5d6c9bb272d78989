# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the host about a failed candidate, before it is removed: exit codes, health, logs, data services, disks."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .._app.disk import disk_of, existing
from .._app.docker_words import COMPOSE_ONE_OFF, COMPOSE_PROJECT
from .._app.inspected import inspected
from .._app.lock import LeaseError
from .._app.program import CommandError, run
from . import failure_facts as facts
from .project import Compose
from .transaction import Transaction

LOG_LINES = 25
PLACES = ("/var/lib/docker", "/tmp")


def reason_of(error: Exception) -> str:
    """What an exception says to a person; a fault of the program's own with its kind."""
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
    known = isinstance(error, (CommandError, LeaseError, ValueError))
    return str(error) if known else f"{type(error).__name__}: {error}"


def witness(t: Transaction, service: str, reason: str) -> dict[str, Any]:
    """The `reason` with what it could not know, `facts` and `logs`. Of the candidate alone: what its colour kept from
    an earlier release says nothing about it."""
    since = float(t.journal.get("started") or 0)
    found: list[str] = []
    mine: list[Mapping[str, Any]] = []
    data: list[Mapping[str, Any]] = []
    with contextlib.suppress(CommandError, OSError, ValueError):  # no engine to ask: that is in the reason
        if t.journal.get("colour"):
            compose = t.compose(t.journal["colour"])
            mine = [item for item in inspect(compose) if facts.is_younger(item, since)]
            ended = exits(compose, since)
            found += facts.of_containers(mine, ended, service)
            reason = facts.with_code(reason, service, mine, ended)
        data = inspect(t.data)
        found += facts.of_data(data, t.app.data_services)
        if service in t.app.data_services:
            reason = facts.with_code(reason, service, data, exits(t.data, since))
    found += facts.of_disks(free(t.app.directory))
    blamed = data if service in t.app.data_services else mine
    return {"reason": reason, "facts": found, "logs": logs(blamed, service, since)}


def inspect(compose: Compose) -> list[dict[str, Any]]:
    """Whole, since a failure may hide in any part; one-off containers do not count."""
    return json.loads(inspected(compose.ids(f"{COMPOSE_ONE_OFF}=False")))


def exits(compose: Compose, since: float) -> dict[str, list[int]]:
    """How containers ended since then, from the engine's own memory."""
    kind = ["type=container", "event=die", f"label={COMPOSE_PROJECT}={compose.project}"]
    when = ["--since", f"{since:.0f}", "--until", "0s"]
    form = ["--format", '{{.Actor.ID}} {{index .Actor.Attributes "exitCode"}}']
    return facts.parse_exits(run(["docker", "events", *when, *[f"--filter={one}" for one in kind], *form]))


def free(directory: Path) -> dict[str, tuple[int, int]]:
    """Free MiB and inodes of the places that a release writes to."""
    found: dict[str, tuple[int, int]] = {}
    seen = set()
    for place in (existing(directory), *(path for path in map(Path, PLACES) if path.exists())):
        with contextlib.suppress(OSError):
            disk = disk_of(place)
            if disk.device not in seen:
                seen.add(disk.device)
                found[str(place)] = (disk.free_mib, 1 if disk.inodes is None else disk.inodes)
    return found


def logs(items: Iterable[Mapping[str, Any]], service: str, since: float) -> str:
    """The last lines of the service to blame, or of every service, each under its name."""
    parts: dict[str, str] = {}
    for item in sorted(items, key=lambda item: item["Name"]):
        name = facts.service_of(item)
        if not service or name == service:
            parts[name] = parts.get(name, "") + _read(item["Id"], since)
    return "\n".join(f"--- last log lines of {name}\n{text.rstrip()}" for name, text in parts.items() if text.strip())


def _read(container: str, since: float) -> str:
    """Errors among the rest, in the order in which they were written."""
    command = ["docker", "container", "logs", "--tail", str(LOG_LINES), "--since", f"{since:.0f}", container]
    with contextlib.suppress(CommandError):
        return run(command, timeout=20, stderr=subprocess.STDOUT)
    return ""
