# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock of an app in a Swarm: a lease in a label, so that runs against different managers exclude each other too."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace

from ..._app import lock
from ..._app.lock import Lease, LeaseError, decide
from ..engine import Conflict, EngineError
from ..labels import KIND
from .api import Swarm
from .store import LEASE, LOCK, lease_of, object_name, relabel

HEARTBEAT = 10.0


class SwarmLock:
    """A Lock of `_app/lock` that every manager knows; `kind` tells locks of one app from each other."""

    passing: tuple[type[Exception], ...] = (OSError, EngineError)  # while the Swarm chooses another leader

    def __init__(self, swarm: Swarm, clock: Callable[[], float], kind: str = LOCK):
        self.swarm = swarm
        self.kind = kind
        self.name = object_name(swarm.project, kind)
        self._clock = clock

    def read(self) -> Lease | None:
        item = self._item()
        return lease_of(item) if item else None

    def acquire(self, owner: str, purpose: str, ttl: float) -> Lease:
        wanted = Lease(owner, secrets.token_hex(8), purpose, 0, 0, ttl)
        item = self._item()
        lease = decide(lease_of(item) if item else None, wanted, self._clock())
        try:
            if item:
                relabel(self.swarm, item, {LEASE: json.dumps(asdict(lease))})
            else:
                labels = {KIND: self.kind, LEASE: json.dumps(asdict(lease))}
                self.swarm.make("configs", self.name, b"lock", labels)
        except Conflict as error:
            raise LeaseError("Another run took the lock at this very moment. Run again.") from error
        return lease

    def renew(self, token: str) -> Lease:
        item = self._own(token)
        lease = replace(lease_of(item), beat=self._clock())
        relabel(self.swarm, item, {LEASE: json.dumps(asdict(lease))})
        return lease

    def release(self, token: str) -> bool:
        """False when it was not ours (any more): then there is nothing to release."""
        try:
            item = self._own(token)
        except LeaseError:
            return False
        self.swarm.engine.delete(f"/configs/{item['ID']}")
        return True

    def _own(self, token: str) -> dict:
        item = self._item()
        if item is None or lease_of(item).token != token:
            raise LeaseError("This run has lost its lock. Nothing more was done; run again.")
        return item

    def _item(self) -> dict | None:
        return self.swarm.objects("configs").get(self.name)


def hold(
    swarm: Swarm, owner: str, purpose: str, ttl: float, wait: float, kind: str = LOCK
) -> AbstractContextManager[Callable[[], Lease]]:
    """Hold a lock of the app while the block runs. `ttl` and `wait` are seconds."""
    return lock.held(SwarmLock(swarm, time.time, kind), owner, purpose, ttl, wait, HEARTBEAT, pause=1)
