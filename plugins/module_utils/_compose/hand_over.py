# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that must not run in both colours at once (`start: after_switch`): the old one stops, the new one starts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .._app.program import run
from .._app.service_rules import starts_after_switch
from .cut_over import bring_up
from .health import alive, gate
from .project import Compose
from .transaction import Transaction

STOP_TIMEOUT = 600  # more than any grace period that makes sense; Docker kills after the service's own


def single(t: Transaction) -> set[str]:
    """Names what must not run twice, by the candidate's declaration or the live release's."""
    manifest = t.releases.get(t.journal.get("release", ""))
    declared = [t.app.services, manifest.services if manifest else {}, t.live.services if t.live else {}]
    return {name for services in declared for name in starts_after_switch(services)}


def hands_over(t: Transaction) -> bool:
    """Whether something must not run twice, so that it moves after the visitors."""
    return bool(starts_after_switch(t.app.services) or (t.live and starts_after_switch(t.live.services)))


def hand_over(t: Transaction) -> dict[str, Any] | None:
    """Stops the old one of what must not run twice; then the new one starts and must stay well for a while."""
    if not hands_over(t):
        return None
    stop_old(t)
    names = starts_after_switch(t.app.services)
    compose = t.compose(t.colour)
    bring_up(t, compose, names)
    gate(compose, {name: t.app.replicas[name] for name in names}, t.options.wait_timeout, t.sleep)
    if names and t.live and t.journal["kind"] == "deploy":
        t.watch.stays_met([], seconds=t.options.soak, interval=0.5, alive=alive(compose))
    return {"started": names}


def stop_old(t: Transaction) -> None:
    """Stops the old colour's services that must not run twice."""
    if t.live:
        stop(t.compose(t.live.colour), single(t))


def take_back(t: Transaction) -> None:
    """Stops the candidate's services that must not run twice, before the old ones start again."""
    stop(t.compose(t.colour), single(t))


def stop(compose: Compose, services: Collection[str]) -> None:
    """Stops containers of these services and lets them finish; they stay."""
    found = compose.containers() if services else []
    if ids := [c.id for c in found if c.service in services and c.status not in ("exited", "created", "dead")]:
        run(["docker", "container", "stop", *ids], timeout=STOP_TIMEOUT)
