# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host remembers of an app that is stopped, and the page that visitors meet until it is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._app import atomic, maintenance
from .project import Edge
from .transaction import STOPPED, Transaction

PURPOSE = "stop"  # tells the page of a stop, which goes with it, from one that a person or another verb has put up


def stop_of(t: Transaction) -> dict[str, Any]:
    """Return when the app was stopped (`at`), and by whom (`by`); nothing when it was not."""
    path = t.app.directory / STOPPED
    found = atomic.read_json(path) if path.exists() else {}
    return found if isinstance(found, dict) else {"at": 0.0, "by": "somebody"}


def note_stop(t: Transaction, by: str) -> None:
    """Remember the stop, and show visitors a page in the place of an app that does not answer."""
    if not stop_of(t):
        atomic.write_json(t.app.directory / STOPPED, {"at": t.clock(), "by": by})
    if t.edge:
        t.keep_token()
        asked = maintenance.asked(t.app.project, "present", PURPOSE)
        maintenance.switch(t.edge, asked, check_mode=False, directory=str(t.edge.directory), own=[], token=t.token)


def forget_stop(t: Transaction) -> bool:
    """Let visitors in again, unless the app is closed for something else besides. Return whether it was stopped."""
    if t.options.edge_directory:
        place = t.options.edge_directory
        asked = maintenance.asked(t.app.project, "absent", PURPOSE)
        maintenance.switch(Edge(Path(place)), asked, check_mode=False, directory=place)
    was_stopped = bool(stop_of(t))
    (t.app.directory / STOPPED).unlink(missing_ok=True)
    return was_stopped
