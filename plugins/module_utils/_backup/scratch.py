# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throw-away PostgreSQL: the image of the live one, no network, limits, a volume that goes with it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from .._app.program import CommandError, run
from .._app.until import until
from .config import BackupError, Config
from .containers import Container
from .names import stamp
from .server import Server

LABEL = "izzzi.backup.scratch"
START = 120.0
# It is thrown away: a crash of it costs nothing but a run.
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off", "max_wal_size=4GB")


def name(app: str, now: float) -> str:
    """Return the name of a scratch container."""
    return f"{app}-scratch-{stamp(now)}"


def command(live: Sequence[str], options: Sequence[str] = FAST) -> list[str]:
    """Return what the container runs: what the live one does, since a dump may need a library that is loaded at the
    start. Options that name a file of the live container are left out: the file is not there."""
    words = list(live) if live[:1] == ("postgres",) or list(live[:1]) == ["postgres"] else ["postgres"]
    kept = words[:1]
    rest = iter(words[1:])
    for word in rest:
        pair = [word, next(rest, "")] if word == "-c" else [word]
        if "_file=" not in pair[-1] and "archive" not in pair[-1]:
            kept += pair
    return [*kept, *(part for option in options for part in ("-c", option))]


def docker_run(
    scratch: str, config: Config, image: str, user: str, words: Sequence[str], more: Sequence[str] = ()
) -> list[str]:
    """Return the command that starts a scratch server. Its password comes from the environment."""
    limits = [f"--cpus={config.cpus:g}", f"--memory={config.memory}m", "--shm-size=256m"]
    who = [f"--name={scratch}", f"--label={LABEL}={config.app}", "--network=none", "--restart=no"]
    given = [f"--env=POSTGRES_USER={user}", "--env=POSTGRES_PASSWORD"]
    return ["docker", "run", "--detach", "--pull=never", *who, *limits, *given, *more, image, *words]


@contextmanager
def scratch_server(config: Config, live: Container, user: str, now: float) -> Iterator[Server]:
    """Start a scratch server from the live container's image, and remove it with its data afterwards."""
    scratch = name(config.app, now)
    words = docker_run(scratch, config, live.image, user, command(live.command))
    try:
        run(words, env={**_environment(), "POSTGRES_PASSWORD": secrets.token_hex(16)}, timeout=120)
        server = Server(scratch, user, config.seconds)
        wait(server)
        yield server
    finally:
        remove([scratch])


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


def wait(server: Server, seconds: float = START, failed: str = "The scratch PostgreSQL does not start") -> None:
    """Wait until a server answers. The first start of an image answers on its socket alone and stops once more, so that
    only the loopback address counts. Raise BackupError with its last words when it ends, or does not answer in time."""
    who = [server.container, "pg_isready", "--quiet", "--host=127.0.0.1", f"--username={server.user}"]
    running = ["docker", "container", "inspect", "--format={{.State.Running}}", server.container]

    def starting() -> bool:
        try:
            run(["docker", "exec", *who])
        except CommandError:
            if run(running).strip() != "true":
                raise BackupError(f"{failed}: {last_words(server.container)}") from None
            return True
        return False

    if until(starting, timeout=seconds, interval=0.5, clock=time.monotonic, sleep=time.sleep):
        raise BackupError(f"{failed}: {last_words(server.container)}")


def last_words(container: str) -> str:
    """Return the end of a container's log on one line."""
    try:
        log = run(["sh", "-c", 'docker logs --tail 5 "$1" 2>&1', "sh", container])
    except CommandError as error:
        return str(error)
    return " / ".join(log.strip().splitlines())


def sweep(app: str) -> list[str]:
    """Remove the scratch servers that killed runs have left. Return their names."""
    listing = ["docker", "ps", "--all", f"--filter=label={LABEL}={app}", "--format={{.Names}}"]
    found = run(listing).split()
    remove(found)
    return found


def remove(names: Sequence[str]) -> None:
    """Remove containers with their volumes. Those that are gone are no error."""
    if names:
        run(["sh", "-c", 'docker rm --force --volumes "$@" >/dev/null 2>&1 || :', "sh", *names], timeout=120)
