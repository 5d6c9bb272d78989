# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lock that expires: an owner, a token, a heartbeat. Decisions are pure; the clock is injected."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from .background import repeated


class LeaseError(Exception):
    """The lease is somebody else's."""


@dataclass(frozen=True)
class Lease:
    owner: str
    token: str
    purpose: str
    since: float
    beat: float
    ttl: float

    def is_held(self, now: float) -> bool:
        return now < self.beat + self.ttl


def decide(current: Lease | None, wanted: Lease, now: float) -> Lease:
    """Return the lease to write. Raise LeaseError with who holds it and until when."""
    if current and current.token != wanted.token and current.is_held(now):
        left = current.beat + current.ttl - now
        raise LeaseError(
            f"{current.owner} has held the lock for {now - current.since:.0f} s ({current.purpose}). "
            f"Wait for it with -e lock_wait=600, or, if that run is dead, {left:.0f} s until the lock expires."
        )
    return replace(wanted, since=current.since if current and current.token == wanted.token else now, beat=now)


class Lock(Protocol):
    """Where a lease is kept. `passing` are the errors of `renew` that may be over before the next beat."""

    passing: tuple[type[Exception], ...]

    def acquire(self, owner: str, purpose: str, ttl: float) -> Lease: ...

    def renew(self, token: str) -> Lease: ...

    def release(self, token: str) -> bool: ...


class LeaseFile:
    """The lease on disk. Reads and writes happen under flock, so that two runs never both take it."""

    passing: tuple[type[Exception], ...] = (OSError,)  # a full disk

    def __init__(self, path: Path, clock: Callable[[], float]):
        self.path = path
        self._clock = clock

    def read(self) -> Lease | None:
        try:
            lease = Lease(**json.loads(self.path.read_text(encoding="utf-8")))
            return replace(lease, **{name: float(getattr(lease, name)) for name in ("since", "beat", "ttl")})
        except (FileNotFoundError, ValueError, TypeError):
            return None  # none, or one whose writer's disk was full

    def acquire(self, owner: str, purpose: str, ttl: float) -> Lease:
        wanted = Lease(owner, secrets.token_hex(8), purpose, 0, 0, ttl)
        if not (directory := self.path.parent).is_dir():
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(0o755)
        with self._locked():
            is_new = not self.path.exists()
            lease = decide(self.read(), wanted, self._clock())
            try:
                self._write(lease)
            except OSError:
                if is_new:
                    self.path.unlink(missing_ok=True)
                raise
            return lease

    def would_acquire(self) -> None:
        """Raise LeaseError when somebody holds it, as `acquire` would."""
        decide(self.read(), Lease("", "", "", 0, 0, 0), self._clock())

    def renew(self, token: str) -> Lease:
        with self._locked():
            lease = self._own(token)
            lease = replace(lease, beat=self._clock())
            self._write(lease)
            return lease

    def release(self, token: str) -> bool:
        """Release the lease. Return False when it was not ours (any more)."""
        with self._locked():
            current = self.read()
            if current is None or current.token != token:
                return False
            self.path.unlink()
            return True

    def _own(self, token: str) -> Lease:
        current = self.read()
        if current is None or current.token != token:
            holder = f"{current.owner} ({current.purpose}) has" if current else "nobody has"
            raise LeaseError(f"This run has lost its lock: {holder} it now. Nothing more was done; run again.")
        return current

    def _write(self, lease: Lease) -> None:
        # In place, under the lock: the file's block is there already, so a full disk does not stop a heartbeat.
        text = json.dumps(asdict(lease)).ljust(1024)
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
            file.write(text)
            file.truncate()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def acquire_within(
    lock: Lock, owner: str, purpose: str, ttl: float, wait: float, clock=time.monotonic, sleep=time.sleep, pause=0.5
) -> Lease:
    """Ask repeatedly for a lock that somebody else holds. After `wait` seconds raise their LeaseError."""
    start = clock()
    while True:
        try:
            return lock.acquire(owner, purpose, ttl)
        except LeaseError:
            if clock() - start >= wait:
                raise
            sleep(pause)


@contextmanager
def heartbeat(lease: Lock, token: str, interval: float) -> Iterator[None]:
    """Renew the lease while the block runs."""
    lease.renew(token)

    def beat() -> bool:
        try:
            lease.renew(token)
        except LeaseError:
            return False
        except lease.passing:
            pass  # the next beat may get through
        return True

    with repeated(beat, interval):
        yield


@contextmanager
def held(
    lock: Lock, owner: str, purpose: str, ttl: float, wait: float, interval: float, pause: float = 0.5
) -> Iterator[Callable[[], Lease]]:
    """Hold the lock while the block runs. Calling what it yields raises LeaseError once the lock is lost."""
    token = acquire_within(lock, owner, purpose, ttl, wait, pause=pause).token
    try:
        with heartbeat(lock, token, interval):
            yield lambda: lock.renew(token)
    finally:
        lock.release(token)
