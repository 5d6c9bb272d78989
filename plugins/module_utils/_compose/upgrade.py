# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the data of a live app move: the app stops, its database begins on another volume, and the app goes on.

That is a transaction over several calls, because the data is moved between them, by other code. Its journal is a
release's: whatever happens, the next run of anything brings back what was there before.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._app import maintenance
from .._app.probe import edge_probes
from .._app.release import ReleaseError
from . import postgres, store
from .data import data, data_losses
from .hand_over import stop
from .repair import keep_up
from .transaction import Transaction
from .undo import UPGRADE, open_again


def require_live(t: Transaction) -> None:
    """Raises ReleaseError where no release is live, so that nothing is to be stopped and proven."""
    if not t.live:
        raise ReleaseError(f"No release of {t.app.project} is live on this host. Run playbooks/deploy.yml first.")


def require_paused(t: Transaction) -> None:
    """Raises ReleaseError when another run has ended what this one had begun."""
    if t.journal.get("kind") != UPGRADE:
        raise ReleaseError("Another run has ended this upgrade, and undone it. Run it again.")


def pause(t: Transaction) -> dict[str, Any]:
    """Opens the transaction, shows visitors the page, and stops the live release. The data services go on."""
    t.journal = {}
    if t.edge:
        t.keep_token()
    edge = {name: t.edge.read(name) for name in ("http.conf", "server.conf")} if t.edge else {}
    t.note(release=t.live.id, colour=t.next_colour, kind=UPGRADE, step="pause", edge=edge, started=t.clock())
    t.note(first_port=t.live.first_port or t.app.first_port)
    if t.edge:
        asked = maintenance.asked(t.app.project, "present", UPGRADE)
        maintenance.switch(t.edge, asked, check_mode=False, directory=str(t.edge.directory), own=[], token=t.token)
    compose = t.compose(t.live.colour)
    stop(compose, {container.service for container in compose.containers()})
    return {}


def exchange(t: Transaction) -> dict[str, Any]:
    """Brings the data services up as they are declared, the database on its new volume."""
    if found := data_losses(t, moves=t.database.service):
        raise ReleaseError("\n".join(found))
    t.options = replace(t.options, allow_data_change=True)
    return data(t)


def resume(t: Transaction) -> dict[str, Any]:
    """Starts the live release, proves it behind the page, and closes the transaction: there is no undo from here on."""
    app = t.of_release(t.live)
    keep_up(t, app)
    if t.edge:
        probes = list(edge_probes(app.services, t.live_ports(), t.live.id, t.edge_address))
        t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=2, alive=lambda: None)
    postgres.keep_only_login(t.data, t.database, t.options.database_password)
    t.forget_data_before()
    open_again(t)
    t.forget()
    known = {"data_services": dict(t.app.data_services), "volumes": dict(t.app.volumes)}
    store.write(t.app.directory, replace(t.live, **known))
    return {}
