# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies Redis' data as one RDB, which Redis makes and checks itself. Pure, but for the last functions.

A copy of the directory while the append-only file is rewritten is not consistent; an RDB always is.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

from .._app.clients import redis_cli
from .._app.program import CommandError, run
from .config import BackupError
from .containers import Container

_KEYS = re.compile(r"(\d+) keys read")
_EXPIRES = re.compile(r"(\d+) expires")
_END = 9  # the end mark, 0xFF, and eight bytes of a checksum
PLACE = "CONFIG GET dir\nCONFIG GET dbfilename\n"
LOOK = "INFO persistence\n"
# Waits for a save that goes on already. A time in whole seconds tells the new save from the one before.
SAVE = "BGSAVE SCHEDULE\n"
PAUSE = 1.1
TRIES = 5
# Of the second Redis that a restore starts beside the live one, from which that one copies.
PORT = 6390
ROLE = "INFO replication\n"
ALONE = "REPLICAOF NO ONE\n"


def place(answer: str) -> str:
    """Return the path of the RDB inside the container, from the answer to PLACE."""
    words = answer.split()
    return f"{words[1]}/{words[3]}"


def facts(answer: str) -> dict[str, str]:
    """Return what INFO says, by name."""
    pairs = (line.strip().partition(":") for line in answer.splitlines() if ":" in line)
    return {name: value for name, _colon, value in pairs}


def is_saved(before: dict[str, str], now: dict[str, str]) -> bool:
    """Tell whether a save has ended since. Raise BackupError when the last one failed."""
    if now.get("rdb_bgsave_in_progress") != "0" or now["rdb_last_save_time"] == before["rdb_last_save_time"]:
        if now.get("rdb_bgsave_in_progress") == "0" and now.get("rdb_last_bgsave_status") != "ok":
            raise BackupError(
                "Redis could not save its data (rdb_last_bgsave_status). Look at the log of its container."
            )
        return False
    return True


def is_whole(head: bytes, tail: bytes) -> bool:
    """Tell whether a file begins and ends as an RDB does."""
    return head.startswith(b"REDIS") and len(tail) == _END and tail[0] == 0xFF


def keys(report: str) -> dict[str, int]:
    """Return from the report of redis-check-rdb how many keys there are, and how many of them expire. Raise
    BackupError when the report says that the file is not an RDB."""
    found, expires = _KEYS.search(report), _EXPIRES.search(report)
    if not found:
        raise BackupError(f"Redis' own program does not read the RDB: {' '.join(report.strip().splitlines()[-1:])}")
    return {"keys": int(found[1]), "expires": int(expires[1]) if expires else 0}


def cli(container: Container, commands: str) -> str:
    """Return what Redis answers."""
    return run(["docker", "exec", "--interactive", container.id, *redis_cli()], stdin=commands)


def is_following(role: dict[str, str]) -> bool:
    """Tell whether a Redis copies from the one that a restore has started."""
    return role.get("role") == "slave" and role.get("master_port") == str(PORT)


def end_of_a_killed_run(container: Container) -> None:
    """Let a Redis that still copies from a restore that was killed be itself again: it refuses writes until then."""
    if is_following(facts(cli(container, ROLE))):
        cli(container, ALONE)


def save(container: Container, path: Path, timeout: float) -> dict[str, int]:
    """Let Redis write an RDB, and copy it to a file. Return its number of keys. Raise BackupError when it is not
    whole, or when Redis does not write one within `timeout` seconds."""
    before = facts(cli(container, LOOK))
    if "rdb_last_save_time" not in before:
        raise BackupError(f"{container.name} does not answer as Redis: {' '.join(cli(container, LOOK).split()[:12])}")
    time.sleep(PAUSE)
    cli(container, SAVE)
    deadline = time.monotonic() + timeout
    while not is_saved(before, facts(cli(container, LOOK))):
        if time.monotonic() > deadline:
            raise BackupError(f"Redis has not saved its data within {timeout:.0f} s.")
        time.sleep(PAUSE / 4)
    with path.open("wb") as file:
        run(["docker", "exec", container.id, "cat", place(cli(container, PLACE))], stdout=file, timeout=timeout)
    return check(container, path, timeout)


def check(container: Container, path: Path, timeout: float) -> dict[str, int]:
    """Return the number of keys in an RDB, as Redis' own program of the container's image finds them in the whole
    file. Raise BackupError when it is not whole."""
    with path.open("rb") as file:
        head = file.read(_END)
        file.seek(max(path.stat().st_size - _END, 0))
        tail = file.read()
    if not is_whole(head, tail):
        raise BackupError("Redis' RDB is not whole. Make another backup, and look at the log of its container.")
    where = ["--rm", "--pull=never", "--network=none", "--user=0", f"--volume={path}:/check.rdb:ro"]
    program = ["--entrypoint=redis-check-rdb", container.image, "/check.rdb"]
    try:
        return keys(report(["docker", "run", *where, *program], timeout))
    except CommandError as error:
        raise BackupError(f"Redis' own program does not read the RDB. {error}") from error


def report(command: list[str], timeout: float) -> str:
    """Return what a program says that always says something. On a busy machine Docker loses the output of a container
    that ends at once: it ended well then, and nothing is there."""
    found = ""
    for _try in range(TRIES):
        if found := run(command, timeout=timeout).strip():
            break
    return found
