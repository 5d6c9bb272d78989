# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run would do, and in what the host differs from what is declared."""

from __future__ import annotations

import platform
import shutil
from dataclasses import replace
from typing import Any

from .._app import release as manifests
from .closing import stop_of
from .colours import other
from .containers import running, stopped, surplus
from .files import changed_files, colour_files, data_files
from .transaction import Transaction


def plan(t: Transaction) -> dict[str, Any]:
    """What a run would do, without doing any of it."""
    mark = t.fingerprint
    known = {**t.releases, **({t.live.id: t.live} if t.live else {})}
    release = manifests.choose_id(t.options.source, mark, known.values(), t.options.rebuild)
    is_new = t.live is None or t.live.id != release or t.live.fingerprint != mark
    return {
        "release": release,
        "new": is_new,
        "live": t.live.id if t.live else "",
        "colour": t.next_colour if is_new else t.live.colour,
        "platform": docker_platform(platform.machine()),
        "reasons": data_drift(t) + ([] if is_new else live_drift(t)),
    }


def docker_platform(machine: str) -> str:
    """What images for this host must be built for."""
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"linux/{names.get(machine, machine)}"


def data_drift(t: Transaction) -> list[str]:
    """Why the data services must be brought up."""
    if not t.app.data_services:
        return []
    reasons = [f"{path} differs" for path in changed_files(data_files(t))]
    if shutil.which("docker"):
        wanted = dict.fromkeys(t.app.data_services, 1)
        containers = t.data.containers()
        found = stopped(containers, wanted) | surplus(containers, wanted)
        reasons += [f"{name}: {why}" for name, why in found.items()]
    return reasons


def undeclared(t: Transaction) -> dict[str, list[str]]:
    """Containers of data services that are declared no more, by service."""
    found: dict[str, list[str]] = {}
    for container in t.data.containers() if shutil.which("docker") else []:
        if container.service not in t.app.data_services:
            found.setdefault(container.service, []).append(container.id)
    return found


def live_drift(t: Transaction) -> list[str]:
    """In what the live colour differs from its release."""
    containers = t.compose(t.live.colour).containers()
    found = stopped(containers, t.app.replicas) | surplus(containers, t.app.replicas)
    reasons = [f"{name}: {why}" for name, why in found.items()]
    reasons += [f"{name}: runs and is declared no more; its volumes stay" for name in sorted(undeclared(t))]
    idle = other(t.live.colour)
    reasons += [
        f"{name}: runs in {idle} too, which is not live" for name in sorted(running(t.compose(idle).containers()))
    ]
    app = replace(t.app, first_port=t.live.first_port or t.app.first_port)
    reasons += ["the app was stopped"] if stop_of(t) else []
    reasons += [f"{path} differs" for path in changed_files(colour_files(t, t.live.id, t.live.colour, app))]
    if t.edge:
        files = t.edge_files(t.live_ports(), t.live.id)
        reasons += [f"{t.edge.directory}/{name} differs" for name in t.edge.differences(files)]
    return reasons
