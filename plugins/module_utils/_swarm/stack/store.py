# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the Swarm remembers of an app: releases and an open transaction; lock.py adds who holds the lock.

All are config objects, so that every manager knows them and none can be lost with a node. A config's content never
changes, its labels may.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ..._app.lock import Lease
from ..._app.release import GOOD, Manifest
from ..engine import NotFound
from ..labels import KIND
from .api import Swarm

RELEASE, JOURNAL, LOCK = "release", "journal", "lock"
LEASE = "izzzi.lease"  # the label of the lock's config
LABELS = ("state", "reason", "live_at")
LONGEST = 64


def object_name(project: str, *parts: str) -> str:
    name = ".".join((project, *parts))
    return name if len(name) <= LONGEST else f"{name[:47]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def live_release(releases: Mapping[str, Manifest]) -> Manifest | None:
    """Return the release that is live, if there is one; `releases` as Store.releases returns them."""
    return next((release for release in releases.values() if release.state == GOOD), None)


class Store:
    """Releases and the journal."""

    def __init__(self, swarm: Swarm):
        self.swarm = swarm

    def releases(self) -> dict[str, Manifest]:
        """Return all releases by id, the one that was live last first."""
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
        return content_of(item) if item else None

    def open(self, journal: dict[str, Any]) -> None:
        """Note a transaction before its first change: from here on a killed run is undone by the next one."""
        name = object_name(self.swarm.project, JOURNAL)
        self.swarm.make("configs", name, json.dumps(journal).encode(), {KIND: JOURNAL})

    def close(self) -> None:
        self._remove(object_name(self.swarm.project, JOURNAL))

    def _of_kind(self, kind: str) -> dict[str, dict]:
        found = self.swarm.objects("configs")
        return {name: item for name, item in found.items() if item["Spec"]["Labels"].get(KIND) == kind}

    def _replace(self, kind: str, name: str, content: dict[str, Any], labels: dict[str, str]) -> None:
        existing = self._of_kind(kind).get(name)
        if existing and content_of(existing) != json.loads(json.dumps(content)):
            self._remove(name)
            existing = None
        if existing:
            relabel(self.swarm, existing, labels)
        else:
            self.swarm.make("configs", name, json.dumps(content).encode(), {KIND: kind, **labels})

    def _remove(self, name: str) -> None:
        try:
            self.swarm.engine.delete(f"/configs/{name}")
        except NotFound:
            return


def content_of(item: Mapping[str, Any]) -> Any:
    """Return what a config of releases or the journal holds."""
    return json.loads(base64.b64decode(item["Spec"]["Data"]))


def lease_of(item: Mapping[str, Any]) -> Lease:
    """Return who has the lock, from its config."""
    return Lease(**json.loads(item["Spec"]["Labels"][LEASE]))


def _manifest(item: dict) -> Manifest:
    labels = item["Spec"]["Labels"]
    said = {"state": labels["izzzi.state"], "reason": labels["izzzi.reason"], "live_at": float(labels["izzzi.live_at"])}
    return Manifest(**content_of(item), **said)


def relabel(swarm: Swarm, item: dict, labels: dict[str, str]) -> None:
    """Give a config other labels. Raises Conflict when somebody else was quicker."""
    spec = item["Spec"] | {"Labels": item["Spec"]["Labels"] | labels}
    swarm.engine.post(f"/configs/{item['ID']}/update", spec, version=item["Version"]["Index"])
