# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans how all services get back to what they were before. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .diff import CREATE, DELETE, UPDATE, differences
from .once import reason


@dataclass(frozen=True)
class Step:
    """One service's way back."""

    action: str
    name: str
    spec: Mapping[str, Any] | None = None


def steps(snapshot: Mapping[str, dict], current: Mapping[str, dict], order: Sequence[str]) -> list[Step]:
    """Plan every service's way to its snapshot, the last one deployed first; untouched ones are left alone.

    Also those that Swarm itself has rolled back: then the service is as it was and needs no step. What must not run
    twice and was removed comes last: another service may have its volume until that one has gone.
    """
    ranks = {name: rank for rank, name in enumerate(order)}
    names = sorted({*snapshot, *current}, key=lambda name: (-ranks.get(name, len(ranks)), name))
    found = [step for name in names if (step := _step(name, snapshot.get(name), current.get(name)))]
    return sorted(found, key=lambda step: step.action == CREATE and bool(reason(step.spec or {})))


def _step(name: str, before: dict | None, now: dict | None) -> Step | None:
    if before is None:
        return Step(DELETE, name)
    if now is None:
        return Step(CREATE, name, before)
    same = not list(differences(before, now)) and _ids(before) == _ids(now)
    return None if same else Step(UPDATE, name, before)


def _ids(spec: Mapping[str, Any]) -> list[str]:
    """Return secrets and configs by id: a name that was made anew is another object."""
    container = spec["TaskTemplate"].get("ContainerSpec") or {}
    secrets = [item.get("SecretID", "") for item in container.get("Secrets") or []]
    return secrets + [item.get("ConfigID", "") for item in container.get("Configs") or []]
