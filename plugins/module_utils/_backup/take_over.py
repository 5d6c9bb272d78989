# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a running Compose project over, as far as its host is concerned: a backup of its data while nobody writes, its
containers out of the way, and back when anything fails. Its volumes are never touched."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .._app.atomic import read_json, write_json
from .._app.inspected import inspected
from .._app.program import run
from . import foreign, redis, restore_redis
from .config import BackupError
from .context import Context
from .everything import wait_for_services
from .foreign import Part, Stack
from .lock import locked
from .restore_redis import SIZE, size
from .take import TAKEN, take
from .upgrade import require_silence

STOP = 600  # seconds, more than any grace period that makes sense
UP = 900
STEP = "step of a takeover"
READING = ("find", "look")
SITES = Path("/etc/nginx/sites-enabled")


@contextmanager
def alone(memory: Path, step: str) -> Iterator[None]:
    """Wait for the step of a run that was killed, which goes on here without it, and keep others from beginning. Who
    only looks leaves nothing where no takeover has begun."""
    if step in READING and not memory.parent.exists():
        yield
        return
    with locked(memory.parent / "steps", STEP, STOP + UP, (STEP,)):
        yield


def find(project: str, own: Path) -> Stack | None:
    """Return the project that runs on this host, and is not the app's own."""
    if shutil.which("docker") is None:
        return None
    label = f"--filter=label={foreign.COMPOSE_PROJECT}={project}"
    ids = run(["docker", "container", "ls", "--all", "--quiet", "--no-trunc", label]).split()
    return foreign.parse(inspected(ids), project, own) if ids else None


def look(context: Context, stack: Stack, volumes: list[str], version: int) -> dict[str, Any]:
    """Return what would be taken over. Raise BackupError when that cannot be."""
    declared = context.config.databases[0] if context.config.databases else None
    if found := foreign.problems(stack, declared, context.config.redis, volumes):
        raise BackupError("\n".join(found))
    rows, now = 0, 0
    for database in context.config.databases:
        server = context.server(database)
        now = int(server.ask("SELECT current_setting('server_version_num')::int / 10000;"))
        rows += sum(int(table["rows"]) for table in server.rows(database.name).values())
    if version and now > version:
        raise BackupError(
            f"PostgreSQL {now} runs in {stack.project}, and {version} is declared, which need not read it."
        )
    live = context.container(context.config.redis) if context.config.redis else None
    keys = size(redis.facts(redis.cli(live, SIZE))) if live else 0
    return {"version": now, "rows": rows, "keys": keys, "volumes": stack.volumes, "directory": stack.directory}


def back_up(
    context: Context, stack: Stack, memory: Path, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Stop everything but its data, then back that up. What is needed to start all of it again is remembered first.
    Raise BackupError when somebody still writes."""
    sites = {str(path): path.read_text(encoding="utf-8") for path in _sites(stack)}
    memory.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    enabled = sorted(path.name for path in SITES.glob("*"))
    known = {**asdict(stack), "sites": sites, "enabled": enabled}
    write_json(memory, known)
    if running := [part.id for part in stack.app if part.is_running]:
        run(["docker", "container", "stop", *running], timeout=STOP)
    with require_silence(context, sleep):
        made = take(context, TAKEN)
    write_json(memory, {**known, "backup": made["id"]})
    return made


def leave(stack: Stack) -> None:
    """Remove the stack's containers, and take its sites out of nginx."""
    sites = _sites(stack)
    run(["docker", "container", "stop", *(part.id for part in stack.parts)], timeout=STOP)
    run(["docker", "container", "rm", *(part.id for part in stack.parts)], timeout=STOP)
    for path in sites:
        path.unlink()


def _sites(stack: Stack) -> list[Path]:
    paths = [path for path in sorted(SITES.glob("*")) if path.is_file()]
    return [path for path in paths if foreign.leads_to(path.read_text(encoding="utf-8", errors="replace"), stack)]


def told(stack: Stack | None, memory: Path) -> dict[str, Any]:
    """Return what is there of a stack, and whether a killed run has left it removed."""
    found: dict[str, Any] = {"halfway": memory.exists(), "services": [], "directory": ""}
    if stack:
        found |= {"directory": stack.directory, "services": sorted({part.service for part in stack.parts})}
        found |= {name: [part.service for part in stack.of(name)] for name in ("postgres", "redis")}
    return found


def bring_back(memory: Path, there: Stack | None, context: Callable[[], Context]) -> bool:
    """Start a stack again that has stopped or left, with its sites of nginx. A Redis whose volume had no name has its
    data from the backup. Return whether there was one."""
    known = read_json(memory)
    if not isinstance(known, dict):
        return False
    parts = tuple(Part(**part) for part in known["parts"])
    stack = Stack(known["project"], known["directory"], tuple(known["files"]), parts)
    ids = {part.id for part in there.parts} if there else set()
    if stopped := [part.id for part in parts if part.is_running and part.id in ids]:
        run(["docker", "container", "start", *stopped], timeout=UP)
    else:
        run(stack.up(), timeout=UP)
        if known.get("backup") and any(part.is_running for part in stack.of("redis")):
            found = context()
            if found.config.redis:
                wait_for_services(found, 60)
                restore_redis.restore(found, known["backup"])
    if stack.parts and known["sites"]:
        for path in SITES.glob("*"):
            if path.name not in known.get("enabled", [path.name]):
                path.unlink()
    for path, text in known["sites"].items():
        place = Path(path)
        place.unlink(missing_ok=True)
        place.write_text(text, encoding="utf-8")
    if known["sites"]:
        run(["nginx", "-q", "-t"])
        run(["systemctl", "reload-or-restart", "nginx.service"])
    memory.unlink()
    return True
