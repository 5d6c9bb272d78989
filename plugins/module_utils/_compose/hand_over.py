# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that must not run in both colours at once (`start: after_switch`): the old one stops, the new one starts."""

from __future__ import annotations

from collections.abc import Collection

from .._app.program import run
from .._app.service_rules import starts_after_switch
from .containers import Container
from .project import discard
from .transaction import Transaction

STOP_TIMEOUT = 600  # more than any grace period that makes sense; Docker kills after the service's own


def single(t: Transaction) -> set[str]:
    """Names what must not run twice, by the candidate's declaration or the live release's."""
    manifest = t.releases.get(t.journal.get("release", ""))
    declared = [t.app.services, manifest.services if manifest else {}, t.live.services if t.live else {}]
    return {name for services in declared for name in starts_after_switch(services)}


def at_start(t: Transaction) -> list[str]:
    """Names the services that a candidate starts with. What its colour has left of the others is removed, and what it
    has left of other releases: Compose would give their volumes without a name, with old files, to the candidate."""
    later = starts_after_switch(t.app.services)
    found = t.compose(t.colour).containers()
    discard([c for c in found if c.service in later or c.image_name != t.app.image(c.service, t.release)])
    return [name for name in t.app.services if name not in later]


def stop_old(t: Transaction) -> None:
    """Stops the old colour's services that must not run twice."""
    if t.live:
        stop(t, t.live.colour, single(t))


def take_back(t: Transaction) -> None:
    """Stops the candidate's services that must not run twice, before the old ones start again."""
    stop(t, t.colour, single(t))


def stop(t: Transaction, colour: str, services: Collection[str]) -> None:
    """Stops containers and lets them finish; they stay."""
    if ids := [c.id for c in _containers(t, colour, services) if c.status not in ("exited", "created", "dead")]:
        run(["docker", "container", "stop", *ids], timeout=STOP_TIMEOUT)


def _containers(t: Transaction, colour: str, services: Collection[str]) -> list[Container]:
    return [c for c in t.compose(colour).containers() if c.service in services] if services else []
