# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stops a whole app and brings the same release back; starts the containers of what is live anew."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._app.docker_words import RUNNING
from .._app.maintenance import HTTP
from .._app.probe import REQUEST_TIMEOUT, edge_probes, own_probes
from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .._app.until import until
from .begin import begin
from .closing import forget_stop, note_stop
from .colours import COLOURS, colour_document, render
from .commit import settle
from .containers import stopped
from .deploy import CUT_OVER, Steps
from .drain import drain_colour
from .files import write_files
from .hand_over import STOP_TIMEOUT
from .health import settled
from .project import Compose, ensure_networks
from .transaction import Transaction

CLOSED = 503
POLICY = "{{.Id}} {{.HostConfig.RestartPolicy.Name}}"


def parts(t: Transaction) -> list[tuple[Compose, Mapping[str, int]]]:
    """Return the Compose projects that make up the live release, with the containers that each service shall have."""
    return [(t.data, dict.fromkeys(t.app.data_services, 1)), (t.compose(t.live.colour), t.app.replicas)]


def up(t: Transaction) -> list[str]:
    """Name the services that run, in whatever colour."""
    projects = [t.data, *map(t.compose, COLOURS)]
    return sorted({c.service for compose in projects for c in compose.containers() if c.status in RUNNING})


def down(t: Transaction) -> list[str]:
    """Name the services of the live release that do not run as often as they shall."""
    return [name for compose, wanted in parts(t) for name in stopped(compose.containers(), wanted)]


def stop(t: Transaction, by: str) -> dict[str, Any]:
    """Show visitors a page, let what they have asked for end, and stop everything: the app, then its data services."""
    note_stop(t, by)
    drained = drain_colour(t.live_ports(), t.options.drain_timeout, t.sleep)
    for compose in (*map(t.compose, COLOURS), t.data):
        compose.unpause()
        if ids := [c.id for c in compose.containers() if c.status in RUNNING]:
            stay_stopped(ids)
            run(["docker", "container", "stop", *ids], timeout=STOP_TIMEOUT)
    return drained


def stay_stopped(ids: list[str]) -> None:
    """Docker would start after a reboot what says `restart: always`, although it was stopped."""
    policies = [line.split() for line in run(["docker", "container", "inspect", "--format", POLICY, *ids]).splitlines()]
    if always := [found[0] for found in policies if found[1:] == ["always"]]:
        run(["docker", "container", "update", "--restart", "unless-stopped", *always])


def start(t: Transaction) -> dict[str, Any]:
    """Start the containers of the live release, prove it as a release is proven, and let visitors in."""
    ensure_networks(t.app)
    for compose, wanted in parts(t):
        with contextlib.suppress(CommandError):  # an image or a network of theirs may be gone: then Compose says so
            compose.start(wanted)
        if stopped(compose.containers(), wanted):
            compose.up("--pull", "never", timeout=t.options.wait_timeout)
        settled(compose, wanted, t.options.wait_timeout, t.sleep)
    if t.edge:
        t.keep_token()
        t.edge.switch(t.live_edge_files())
    prove(t)
    if forget_stop(t):
        await_visitors(t)
    return {}


def prove(t: Transaction) -> None:
    """Ask the live release through the site, or at its own ports where there is none, until it answers as declared."""
    asked = t.app.services, t.live_ports(), t.live.id
    probes = list(edge_probes(*asked, t.edge_address) if t.edge else own_probes(*asked))
    t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=1, alive=lambda: None)


def await_visitors(t: Transaction) -> None:
    """Wait until nginx has read that the page is gone: its old workers answer for a moment yet."""
    if t.edge and t.edge.read(HTTP) is None:
        request = replace(t.edge_address, token="").request("/")

        def is_closed() -> bool:
            return request.send(REQUEST_TIMEOUT).status == CLOSED

        until(is_closed, timeout=5, interval=0.1, clock=time.monotonic, sleep=t.sleep, in_a_row=3)


def copy_files(t: Transaction) -> dict[str, Any]:
    """Write the live release's files for the other colour. Its variables are copied: nobody need know them."""
    try:
        env = (t.app.colour_directory(t.live.colour) / ".env").read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ReleaseError(f"{error.filename} is gone: playbooks/deploy.yml writes it anew, and restarts.") from error
    document = render(colour_document(t.app, t.release, t.colour))
    directory = t.app.colour_directory(t.colour)
    write_files({directory / "compose.yml": document, directory / ".env": env})
    return {}


def beside() -> Steps:
    """Return the steps that start the live release once more in the other colour, and move the visitors there."""
    opening = {"begin": lambda t: begin(t, t.live.id, "rollback"), "files": copy_files}
    return {**opening, **CUT_OVER, "commit": settle}


def in_place(service: str) -> Callable[[Transaction], dict[str, Any]]:
    """Return the step that restarts a service's containers, one after another."""

    def restart(t: Transaction) -> dict[str, Any]:
        compose = t.data if service in t.app.data_services else t.compose(t.live.colour)
        mine = [c for c in compose.containers() if c.service == service]
        for container in mine:
            run(["docker", "container", "restart", container.id], timeout=STOP_TIMEOUT)
            settled(compose, {service: len(mine)}, t.options.wait_timeout, t.sleep)
        return {}

    return restart
