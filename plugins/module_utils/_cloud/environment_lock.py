# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes an environment. The lock is an empty DigitalOcean project: its name is unique in the
account, so only one of two runs can make it, and its description says who holds it and until when. It ends with the
run, or with its lease, which a run that takes longer renews. See docs/decisions/0016-environment-lock.md."""

from __future__ import annotations

import getpass
import os
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from .account import Row
from .client import ApiError, Client
from .names import Names
from .resource import Wait

LEASE = 180.0  # seconds; the longest wait after a run that was killed on another machine
TAKEN = (409, 422)  # what the API may answer when the name is in use
MOST_VANISHED = 3  # times that the name is in use and no project has it; more, and it is refused for another reason
TEXT = "{owner} (process {pid} on {place}, run {run}) changes this environment until {until}. Made by izzzi.infra."
FORM = re.compile(
    r"(?P<owner>.+) \(process (?P<pid>\d+) on (?P<place>\S+), run (?P<run>\S+)\) .* until (?P<until>\S+)\. .*"
)
TIME = "%Y-%m-%dT%H:%M:%SZ"


def seconds(moment: str) -> float:
    return datetime.strptime(moment, TIME).replace(tzinfo=UTC).timestamp()


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, and until when (seconds since the epoch)."""

    owner: str
    pid: int
    place: str  # the machine since its boot, and what of it a process sees: where a pid means something
    run: str
    until: float

    def text(self) -> str:
        until = datetime.fromtimestamp(self.until, UTC).strftime(TIME)
        return TEXT.format(owner=self.owner, pid=self.pid, place=self.place, run=self.run, until=until)

    def is_over(self, now: float, here: Holder) -> bool:
        """Whether its lease has ended, or it was a process of this machine that runs no more."""
        return now > self.until or (self.place == here.place and not is_alive(self.pid))


def read(row: Row) -> Holder:
    """Parse a lock's description. If somebody has changed it, the lease counts from the project's creation."""
    found = FORM.fullmatch(row.get("description") or "")
    if found is None:
        return Holder("somebody", 0, "", "", seconds(row["created_at"]) + LEASE)
    said = found.groupdict()
    return Holder(said["owner"], int(said["pid"]), said["place"], said["run"], seconds(said["until"]))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def this_process(now: float) -> Holder:
    return Holder(f"{_user()}@{socket.gethostname()}"[:80], os.getpid(), _place(), secrets.token_hex(4), now + LEASE)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _place() -> str:
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return f"{file.read()[:8]}-{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return secrets.token_hex(4)  # nobody's


class EnvironmentLock:
    """Held inside `with`, and kept by a thread of its own. `warnings` tells of a wait, and of what it could not do."""

    def __init__(self, client: Client, names: Names, wait: Wait, *, now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._name = names.lock
        self._wait = wait
        self._now = now
        self._me = this_process(now())
        self._id = ""
        self._ended = threading.Event()
        self._vanished = 0
        self.has_waited = False
        self.warnings: list[str] = []

    def __enter__(self) -> EnvironmentLock:
        if not self._take():
            started = self._wait.clock()
            self.has_waited = True
            self._wait.until(self._take, self._late, pause=1.0)
            self.warnings.append(f"Waited {self._wait.clock() - started:.0f} s for another run of this environment.")
        if self._id:
            threading.Thread(target=self._renew, name="lease", daemon=True).start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._ended.set()
        if not self._id:
            return
        try:
            self._client.delete(f"/projects/{self._id}")
        except ApiError as error:
            self.warnings.append(
                f"The environment's lock could not be taken away ({error}). It ends by itself in {LEASE:.0f} s."
            )

    def _take(self) -> bool:
        """Whether the run may go on."""
        self._me = replace(self._me, until=self._now() + LEASE)
        body = {
            "name": self._name,
            "description": self._me.text(),
            "purpose": "Operational / Developer tooling",
        }
        try:
            self._id = self._client.create("/projects", body, self._look_up)["project"]["id"]
        except ApiError as error:
            return self._goes_without(error)
        return True

    def _goes_without(self, error: ApiError) -> bool:
        """Whether to run without a lock: a token that may not make projects, or a full account, must not stop every
        run."""
        row = self._row() if error.status in TAKEN else None
        if row:
            self._end_if_over(row)
        elif error.status in TAKEN and self._vanished < MOST_VANISHED:
            self._vanished += 1  # it ended just now
        elif error.status in (*TAKEN, 403):
            self.warnings.append(
                f"No lock is taken ({error}): two runs at once can make a droplet or a record twice. The token needs "
                "the scopes project:create, project:update and project:delete."
            )
            return True
        else:
            raise error
        return False

    def _row(self) -> Row | None:
        rows = self._client.list("/projects", "projects")
        return next((row for row in rows if row["name"] == self._name), None)

    def _look_up(self) -> dict[str, Any] | None:
        """Return the lock after a lost reply, if it is this run's."""
        row = self._row()
        return {"project": row} if row and read(row).run == self._me.run else None

    def _end_if_over(self, row: Row) -> None:
        """Delete a lock that is over, by its id, so that no run deletes a lock that another has made since."""
        holder = read(row)
        if holder.is_over(self._now(), self._me):
            self._client.delete(f"/projects/{row['id']}")
            self.warnings.append(
                f"The run of {holder.owner} (process {holder.pid}) ended without giving its lock back."
            )

    def _late(self) -> str:
        row = self._row()
        if row is None:
            return "The environment's lock was always another run's. Run again."
        holder = read(row)
        return (
            f"{holder.owner} (process {holder.pid}) is changing this environment since {row['created_at']}; the lock "
            f"is the empty project {self._name}. Waited {self._wait.limit} s (wait_timeout). Run again when it is done."
        )

    def _renew(self) -> None:
        while not self._ended.wait(LEASE / 3):
            text = replace(self._me, until=self._now() + LEASE).text()
            try:
                self._client.patch(f"/projects/{self._id}", {"description": text})
            except ApiError as error:
                self.warnings.append(f"The environment's lock could not be renewed ({error}).")
