# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Swarm remembers of an app: releases, an open transaction, and who holds the lock.

All three are config objects, so that every manager knows them and none can be lost with a node. A config's content
never changes, its labels may.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from typing import Any

from ..._app import lock
from ..._app.lock import Lease, LeaseError, decide
from ..._app.release import Manifest
from ..engine import Conflict, EngineError, NotFound
from .api import SPEC, Swarm

RELEASE, JOURNAL, LOCK = "release", "journal", "lock"
LABELS = ("state", "reason", "live_at")
LONGEST = 64
HEARTBEAT = 10.0


def object_name(project: str, *parts: str) -> str:
    name = ".".join((project, *parts))
    return name if len(name) <= LONGEST else f"{name[:47]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


class Store:
    """Releases and the journal."""

    def __init__(self, swarm: Swarm):
        self.swarm = swarm

    def releases(self) -> dict[str, Manifest]:
        """All releases by id, the one that was live last first."""
        found = [_manifest(item) for item in self._of_kind(RELEASE).values()]
        return {m.id: m for m in sorted(found, key=lambda m: m.live_at, reverse=True)}

    def write(self, manifest: Manifest) -> None:
        name = object_name(self.swarm.project, RELEASE, manifest.id)
        content = {key: value for key, value in asdict(manifest).items() if key not in LABELS}
        labels = {"izzzi.release": manifest.id, **{f"izzzi.{key}": str(getattr(manifest, key)) for key in LABELS}}
        self._replace(RELEASE, name, content, labels)

    def forget_release(self, id: str) -> None:
        self._remove(object_name(self.swarm.project, RELEASE, id))

    @property
    def journal(self) -> dict[str, Any] | None:
        item = self._of_kind(JOURNAL).get(object_name(self.swarm.project, JOURNAL))
        return _content(item) if item else None

    def open(self, journal: dict[str, Any]) -> None:
        """Before the first change: from here on a killed run is undone by the next one."""
        name = object_name(self.swarm.project, JOURNAL)
        self.swarm.make("configs", name, json.dumps(journal).encode(), {SPEC: JOURNAL})

    def close(self) -> None:
        self._remove(object_name(self.swarm.project, JOURNAL))

    def _of_kind(self, kind: str) -> dict[str, dict]:
        found = self.swarm.objects("configs")
        return {name: item for name, item in found.items() if item["Spec"]["Labels"].get(SPEC) == kind}

    def _replace(self, kind: str, name: str, content: dict[str, Any], labels: dict[str, str]) -> None:
        existing = self._of_kind(kind).get(name)
        if existing and _content(existing) != json.loads(json.dumps(content)):
            self._remove(name)
            existing = None
        if existing:
            relabel(self.swarm, existing, labels)
        else:
            self.swarm.make("configs", name, json.dumps(content).encode(), {SPEC: kind, **labels})

    def _remove(self, name: str) -> None:
        try:
            self.swarm.engine.delete(f"/configs/{name}")
        except NotFound:
            return


def _content(item: dict) -> Any:
    return json.loads(base64.b64decode(item["Spec"]["Data"]))


def _manifest(item: dict) -> Manifest:
    labels = item["Spec"]["Labels"]
    said = {"state": labels["izzzi.state"], "reason": labels["izzzi.reason"], "live_at": float(labels["izzzi.live_at"])}
    return Manifest(**_content(item), **said)


def relabel(swarm: Swarm, item: dict, labels: dict[str, str]) -> None:
    """Fails with Conflict when somebody else was quicker."""
    spec = item["Spec"] | {"Labels": item["Spec"]["Labels"] | labels}
    swarm.engine.post(f"/configs/{item['ID']}/update", spec, version=item["Version"]["Index"])


class SwarmLock:
    """The lease of lock.py in a label, so that runs against different managers exclude each other too."""

    passing: tuple[type[Exception], ...] = (OSError, EngineError)  # while the Swarm chooses another leader

    def __init__(self, swarm: Swarm, clock: Callable[[], float]):
        self.swarm = swarm
        self.name = object_name(swarm.project, LOCK)
        self._clock = clock

    def read(self) -> Lease | None:
        item = self._item()
        return self._lease(item) if item else None

    def acquire(self, owner: str, purpose: str, ttl: float) -> Lease:
        wanted = Lease(owner, secrets.token_hex(8), purpose, 0, 0, ttl)
        item = self._item()
        lease = decide(self._lease(item) if item else None, wanted, self._clock())
        try:
            if item:
                relabel(self.swarm, item, {"izzzi.lease": json.dumps(asdict(lease))})
            else:
                labels = {SPEC: LOCK, "izzzi.lease": json.dumps(asdict(lease))}
                self.swarm.make("configs", self.name, b"lock", labels)
        except Conflict as error:
            raise LeaseError("Another run took the lock at this very moment. Run again.") from error
        return lease

    def renew(self, token: str) -> Lease:
        item = self._own(token)
        lease = replace(self._lease(item), beat=self._clock())
        relabel(self.swarm, item, {"izzzi.lease": json.dumps(asdict(lease))})
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
        if item is None or self._lease(item).token != token:
            raise LeaseError("This run has lost its lock. Nothing more was done; run again.")
        return item

    def _item(self) -> dict | None:
        return self.swarm.objects("configs").get(self.name)

    def _lease(self, item: dict) -> Lease:
        return Lease(**json.loads(item["Spec"]["Labels"]["izzzi.lease"]))


def held(swarm: Swarm, owner: str, purpose: str, ttl: float, wait: float) -> AbstractContextManager:
    """Holds the app's lock while the block runs."""
    return lock.held(SwarmLock(swarm, time.time), owner, purpose, ttl, wait, HEARTBEAT, pause=1)
