# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host remembers of an app that is stopped, and the page that visitors meet until it is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._app import atomic
from .._app.maintenance import BACK_SOON, HTTP, OPEN, PAGE, files
from .project import Edge
from .transaction import STOPPED, Transaction

# Tells a page that came with a stop, and goes with it, from one that a person asked for.
OF_A_STOP = "# The app is stopped. What starts it takes this away.\n"
RETRY_AFTER = 300


def stop_of(t: Transaction) -> dict[str, Any]:
    """Return when the app was stopped (`at`), and by whom (`by`); nothing when it was not."""
    path = t.app.directory / STOPPED
    found = atomic.read_json(path) if path.exists() else {}
    return found if isinstance(found, dict) else {"at": 0.0, "by": "somebody"}


def note_stop(t: Transaction, by: str) -> None:
    """Remember the stop, and show visitors a page in the place of an app that does not answer."""
    if not stop_of(t):
        atomic.write_json(t.app.directory / STOPPED, {"at": t.clock(), "by": by})
    if t.edge and t.edge.read(HTTP) is None:
        t.keep_token()
        closed = files(t.app.project, [], RETRY_AFTER, BACK_SOON, str(t.edge.directory), t.token)
        t.edge.switch({**closed, HTTP: OF_A_STOP + (closed[HTTP] or "")})
        (t.edge.directory / PAGE).chmod(0o644)  # nginx's workers read it; the other files are for its master alone


def forget_stop(t: Transaction) -> bool:
    """Let visitors in again, unless a person has closed the app besides. Return whether it was stopped."""
    edge = Edge(Path(t.options.edge_directory)) if t.options.edge_directory else None
    if edge and (edge.read(HTTP) or "").startswith(OF_A_STOP):
        edge.switch(OPEN)
    was_stopped = bool(stop_of(t))
    (t.app.directory / STOPPED).unlink(missing_ok=True)
    return was_stopped
