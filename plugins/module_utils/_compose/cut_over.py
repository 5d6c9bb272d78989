# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The candidate gets the visitors: it starts, is proven where no visitor sees it, and nginx switches to it."""

from __future__ import annotations

import time
from typing import Any

from .._app.probe import edge_probes, own_probes
from .._app.program import run
from .._app.service_rules import starts_after_switch
from .health import alive, culprit_named, gate, require_up
from .project import Compose, discard
from .transaction import Transaction


def start(t: Transaction) -> dict[str, Any]:
    """Starts the candidate's containers, until each answers at its own port and Docker calls them healthy."""
    compose = t.compose(t.colour)
    bring_up(t, compose, at_start(t), "--remove-orphans")
    if t.journal["kind"] == "rollback":
        offer(t)  # meanwhile: it will most likely come up, as it did before
    probes = list(own_probes(t.app.services, t.app.ports(t.colour), t.release))
    t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=1, alive=alive(compose))
    t.note(answers=time.monotonic())
    gate(compose, unproven(t), t.options.wait_timeout, t.sleep)
    copy_assets(t, compose)
    return {}


def at_start(t: Transaction) -> list[str]:
    """Names the services that a candidate starts with. What its colour has left of the others is removed, and what it
    has left of other releases: Compose would give their volumes without a name, with old files, to the candidate."""
    later = starts_after_switch(t.app.services)
    found = t.compose(t.colour).containers()
    discard([c for c in found if c.service in later or c.image_name != t.app.image(c.service, t.release)])
    return [name for name in t.app.services if name not in later]


def bring_up(t: Transaction, compose: Compose, names: list[str], *options: str) -> None:
    """Starts these services of a colour. Some of them alone are named, and start without what they depend on."""
    some = [] if len(names) == len(t.app.services) else ["--no-deps", *names]
    if names:
        wanted = {name: replicas for name, replicas in t.app.replicas.items() if name in names}
        with culprit_named(compose, wanted):
            compose.up("--pull", "never", *options, *some, timeout=t.options.wait_timeout)


def unproven(t: Transaction) -> dict[str, int]:
    """Return the services, with their replicas, whose health Docker must confirm. Of a release that was live before the
    role's own checks are proof enough; the next of Docker's may be far off."""
    services, later = t.app.services, starts_after_switch(t.app.services)
    return {
        name: replicas
        for name, replicas in t.app.replicas.items()
        if name not in later
        and (t.journal["kind"] == "deploy" or not (services[name].get("checks") and services[name].get("port")))
    }


def copy_assets(t: Transaction, compose: Compose) -> None:
    """Copies static files out of the containers, so that pages of this release find them when it is no longer live."""
    for name, service in t.app.services.items():
        for prefix, path in (service.get("assets") or {}).items():
            target = t.app.release_directory(t.release) / "assets" / prefix.strip("/")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                run(["docker", "container", "cp", f"{compose.container_of(name)}:{path}", str(target)])
                run(["chmod", "-R", "u=rwX,go=rX", str(target)])


def offer(t: Transaction) -> None:
    """Shows nginx the way to the candidate that only this run knows."""
    if t.edge:
        t.edge.switch(t.edge_files(t.live_ports(), t.live.id if t.live else "", t.app.ports(t.colour)))


def prove(t: Transaction) -> dict[str, Any]:
    """Asks the candidate through the site that visitors use, on a way only this run knows, and keeps watching it."""
    ports, still_alive = t.app.ports(t.colour), alive(t.compose(t.colour))
    probes = list(own_probes(t.app.services, ports, t.release))
    if t.edge:
        offer(t)
        probes = list(edge_probes(t.app.services, ports, t.release, t.edge_address))
        t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=2, alive=still_alive)
    # With nothing live there is nobody to protect: the first release is shown at once. One that is gone back to has
    # served visitors before, and is wanted quickly.
    since = time.monotonic() - t.journal["answers"]
    if t.live and t.journal["kind"] == "deploy" and since < t.options.soak:
        t.watch.stays_met(probes, seconds=t.options.soak - since, interval=0.5, alive=still_alive)
    require_up(t.data, t.journal.get("data") or {})
    return {}


def switch(t: Transaction) -> dict[str, Any]:
    """Moves all visitors to the candidate at once, and proves that it is the one who answers."""
    if t.edge:
        ports = t.app.ports(t.colour)
        t.edge.switch(t.edge_files(ports, t.release))
        probes = list(edge_probes(t.app.services, ports, t.release, t.edge_address))
        t.watch.until_met(probes, timeout=30, in_a_row=3, alive=alive(t.compose(t.colour)))
    return {"seconds": round(t.clock() - t.journal["started"], 1)}
