# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moves a PostgreSQL to another major version, as far as its host is concerned: what to move, a last backup, the new
volume filled from it and compared. The runner of the app stops and starts services in between."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from .._app.app import App
from .._app.program import CommandError, run
from .._app.sql import Database
from . import fill, restore, room, swap, upgrade_plan
from .config import MIB, BackupError
from .context import Context
from .everything import wait_for_services
from .lock import locked
from .server import Server
from .source import Source, find
from .take import UPGRADE, take
from .upgrade_plan import Move

SETTLE = 1.5  # seconds until a server has counted what was written last
CLUSTER = 256 * MIB  # what a server has before anybody writes: itself, and some WAL


def look(context: Context, app: App, wanted: Database) -> dict[str, Any]:
    """Return what would move. Raise BackupError when it cannot be done."""
    server = context.server(wanted)
    facts = json.loads(server.ask(upgrade_plan.FACTS))
    move = upgrade_plan.plan(app, wanted.service, context.container(wanted.service), facts)
    if move.is_due:
        _require_whole(context, server, wanted, facts)
        _require_place(context, move)
    return move.shown()


def _require_whole(context: Context, server: Server, wanted: Database, facts: dict[str, Any]) -> None:
    declared = [database.name for database in context.config.databases if database.service == wanted.service]
    there = server.databases()
    in_default = len(server.rows("postgres")) if "postgres" in there else 0
    if found := upgrade_plan.left_behind(facts, there, declared, in_default):
        raise BackupError(
            f"{', '.join(found)} of {wanted.service} would not come along, since no backup has it. Declare the "
            "database in backup_databases and run playbooks/deploy.yml, or remove it."
        )


def _require_place(context: Context, move: Move) -> None:
    if _exists(move.volume) and _unfinished(context) != move.volume:
        raise BackupError(
            f"The volume {move.volume} is there already, and not from an upgrade that was undone. If nobody needs it, "
            f"on this host: docker volume rm {move.volume}"
        )
    config, size = context.config, move.bytes
    needs = {room.docker_directory(): int(size * 1.3) + CLUSTER, config.directory: size + 64 * MIB}
    room.require(needs, config.reserve * MIB, f"PostgreSQL {move.version} beside {move.version_before}")


def prepare(
    context: Context, app: App, wanted: Database, sleep: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """Make the backup that is moved, of a database that nobody writes to any more, and remember the new volume. Raise
    BackupError when somebody still writes."""
    server = context.server(wanted)
    facts = json.loads(server.ask(upgrade_plan.FACTS))
    move = upgrade_plan.plan(app, wanted.service, context.container(wanted.service), facts)
    _require_place(context, move)
    _remove(move.volume)
    settings = [json.loads(line) for line in server.ask(upgrade_plan.SETTINGS).splitlines() if line.strip()]
    context.state.note(upgrade={"volume": move.volume, "settings": settings, "time": context.clock()})
    with require_silence(context, sleep):
        made = take(context, UPGRADE)
    return {**made, **move.shown()}


@contextmanager
def require_silence(context: Context, sleep: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Raise BackupError after the block when somebody has written to a database meanwhile, with who was there."""
    before = _writes(context, sleep)
    yield
    for name, count in _writes(context, sleep).items():
        if count != before[name]:
            server = context.server(context.database(name))
            clients = upgrade_plan.who(server.ask(upgrade_plan.CLIENTS, name))
            raise BackupError(
                f"The app has stopped, and somebody still writes to {name}: {clients}. That would be lost. End it, and "
                "run this again."
            )


def _writes(context: Context, sleep: Callable[[float], None]) -> dict[str, int]:
    sleep(SETTLE)
    databases = context.config.databases
    return {one.name: int(context.server(one).ask(upgrade_plan.WRITES, one.name)) for one in databases}


def bring_over(context: Context, wanted: Database, backup: str, wait: float = 60) -> dict[str, Any]:
    """Fill the server that runs on the new volume from the backup, compare, and give it the roles and the settings of
    the old one. Return what was brought, and the settings that it does not take. Raise BackupError when anything
    differs."""
    wait_for_services(context, wait)
    known = context.state.read().get("upgrade", {})
    if known.get("volume") not in context.container(wanted.service).volumes.values():
        raise BackupError(f"{wanted.service} does not run on its new volume. Nothing was brought over.")
    began, rows, server = context.clock(), 0, context.server(wanted)
    for database in (one for one in context.config.databases if one.service == wanted.service):
        with locked(context.config.directory, "upgrade"), find(context, backup) as source:
            _roles(server, source, database)
        done = restore.restore(context, backup, restore.LIVE, database.name)
        rows += done["rows"]
        if done["kept"]:
            server.ask(swap.drop(done["kept"]))  # it was empty
    context.state.note(restored=None)
    refused = _set(server, known.get("settings", []))
    return {"rows": rows, "refused": refused, "seconds": round(context.clock() - began, 1)}


def _roles(server: Server, source: Source, database: Database) -> None:
    try:
        server.ask(upgrade_plan.roles(source.roles(database), server.roles()))
    except CommandError as error:
        raise BackupError(fill.explain(str(error), source)) from error


def _set(server: Server, settings: list[dict[str, str]]) -> list[str]:
    """Set again what somebody has set by ALTER SYSTEM. Return the names that this server does not take."""
    refused = []
    for one in settings:
        try:
            server.ask(upgrade_plan.setting(one["name"], one["value"]))
        except (BackupError, CommandError):
            refused.append(one["name"])
    server.ask("SELECT FROM pg_reload_conf();")
    return refused


def finish(context: Context) -> bool:
    """Forget that an upgrade is under way, since it has succeeded. Return whether it was."""
    was = bool(context.state.read().get("upgrade"))
    if was:
        context.state.note(upgrade=None)
    return was


def clear(context: Context) -> bool:
    """Remove the new volume of an upgrade that was undone. Return whether there was one. One in use stays."""
    volume = _unfinished(context)
    if not volume or _users(volume, "running"):
        return False
    _remove(volume)
    context.state.note(upgrade=None)
    return True


def _unfinished(context: Context) -> str:
    return context.state.read().get("upgrade", {}).get("volume", "")


def _exists(volume: str) -> bool:
    return volume in run(["docker", "volume", "ls", "--quiet"]).split()


def _users(volume: str, *states: str) -> list[str]:
    chosen = [f"--filter=status={state}" for state in states]
    return run(["docker", "ps", "--all", "--quiet", f"--filter=volume={volume}", *chosen]).split()


def _remove(volume: str) -> None:
    """Remove a volume, with containers that have ended and still hold it: a Swarm keeps those of former tasks."""
    if ended := _users(volume, "exited", "created", "dead"):
        run(["docker", "container", "rm", *ended])
    if _exists(volume):
        run(["docker", "volume", "rm", volume])
