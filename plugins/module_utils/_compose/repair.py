# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings the live release back to what it should be, without a new one."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from .._app.probe import edge_probes
from .._app.program import CommandError
from .closing import forget_stop
from .colours import ColouredApp, other
from .commit import drop_undeclared
from .containers import running, stopped, surplus
from .files import colour_files, write_files
from .hand_over import stop
from .health import gate
from .plan import live_drift
from .project import ensure_networks
from .transaction import Transaction


def repair(t: Transaction) -> dict[str, Any]:
    """Mends in what the live colour, its files and nginx's differ from the live release, and asks it through nginx."""
    reasons = live_drift(t)
    idle = t.compose(other(t.live.colour))
    stop(idle, running(idle.containers()))
    t.app = replace(t.app, first_port=t.live.first_port or t.app.first_port)
    if reasons:
        write_files(colour_files(t, t.live.id, t.live.colour))
        # What runs is left alone also when its files had to be written anew.
        keep_up(t, t.app)
        drop_undeclared(t)
        if t.edge:
            t.keep_token()
            t.edge.switch(t.edge_files(t.live_ports(), t.live.id))
    if t.edge:
        probes = list(edge_probes(t.app.services, t.live_ports(), t.live.id, t.edge_address))
        t.watch.until_met(probes, timeout=t.options.wait_timeout, in_a_row=1, alive=lambda: None)
    forget_stop(t)
    return {"changed": bool(reasons), "reasons": reasons}


def keep_up(t: Transaction, app: ColouredApp) -> None:
    """The live colour as it was: by the engine where its containers are there, from its files otherwise."""
    compose, wanted = t.compose(t.live.colour), app.replicas

    def differs() -> bool:
        found = compose.containers()
        return bool(stopped(found, wanted) or surplus(found, wanted))

    if not differs():
        return
    with contextlib.suppress(CommandError):  # a network or an image of theirs may be gone: then they are made anew
        compose.trim(wanted)
        compose.start(wanted)
    if differs():
        # A release without one is known from its containers alone, and its files are all there is.
        if t.live.fingerprint and t.options.is_declared:
            write_files(colour_files(t, t.live.id, t.live.colour, app))
        ensure_networks(t.app)
        compose.up("--pull", "never", timeout=t.options.wait_timeout)
    gate(compose, wanted, t.options.wait_timeout, t.sleep)
