# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to the release that is live, from wherever a run failed or was killed."""

from __future__ import annotations

import contextlib
import shutil
from typing import Any

from . import _release_manifest as manifests
from ._containers import stopped
from ._host import ReleaseError
from ._release import Transaction
from ._release_hand_over import take_back
from ._release_steps import (
    commit,
    drain_colour,
    drain_old,
    gate,
    remove_container,
    remove_images,
    use_release,
)

# From here on the new release has proven itself at the edge: a killed run is finished, not undone.
PROVEN = ("drain", "commit")
LOG_LINES = 25


def undo(t: Transaction, reason: str) -> dict[str, Any]:
    """The old release serves, the candidate and its debris are gone, and it is marked. Every part is tried."""
    if not t.journal:
        return {"changed": False, "live": t.live.id if t.live else ""}
    trouble: list[str] = []
    with _noted(trouble, "stop what must not run twice"):
        take_back(t)
    with _noted(trouble, "start the old release"):
        _revive(t)
    with _noted(trouble, "switch nginx back"):
        if t.edge and t.journal["edge"]:
            t.edge.switch(t.journal["edge"])
            drain_colour(t, t.app.ports(t.colour), 5)
    with _noted(trouble, "remove the candidate's containers"):
        remove_container(f"{t.app.project}-release-command")
        compose = t.compose(t.colour)
        compose.remove()
        if not t.app.data_services and compose.exists():
            compose("down")  # its network
    with _noted(trouble, "mark the release"):
        _mark(t, reason)
    if not trouble:
        t.forget()
    return {"changed": True, "live": t.live.id if t.live else "", "trouble": trouble}


@contextlib.contextmanager
def _noted(trouble: list[str], what: str):
    try:
        yield
    except (ReleaseError, OSError) as error:
        trouble.append(f"could not {what}: {error}")


def _revive(t: Transaction) -> None:
    """The old colour may have been stopped already."""
    if not t.live:
        return
    compose = t.compose(t.live.colour)
    wanted = t.of_release(t.live).replicas
    if stopped(compose.containers(), wanted):
        compose("up", "--detach", "--no-build", "--pull", "never", timeout=120)
        gate(t, compose, wanted)


def _mark(t: Transaction, reason: str) -> None:
    manifest = t.releases.get(t.release)
    if manifest is None or manifest.state == manifests.GOOD:
        return  # a kept release that was to come back: it stays what it was
    remove_images(t, t.release)
    for part in ("source", "assets"):
        shutil.rmtree(t.app.release_directory(t.release) / part, ignore_errors=True)
    t.update(state=manifests.BAD, reason=reason.splitlines()[0][:200] if reason else "")


def recover(t: Transaction) -> str:
    """Ends what a killed run began: finished when it was proven, undone otherwise. What was done, for the log."""
    if not t.journal:
        return ""
    release, step = t.release, t.journal["step"]
    if step in PROVEN and release in t.releases:
        kept = t.app
        use_release(t, t.releases[release])
        if t.live and t.live.id != release:
            drain_old(t)
        commit(t)
        t.app = kept
        return f"Release {release} was proven when its run was killed ({step}): finished it."
    result = undo(t, f"the run was killed ({step})")
    if result["trouble"]:
        raise ReleaseError("A killed run could not be undone: " + "; ".join(result["trouble"]))
    return f"The run of release {release} was killed ({step}): undid it."


def last_words(t: Transaction, service: str) -> str:
    """The last log lines of the service that failed, or of all services of the candidate."""
    compose = t.compose(t.colour)
    names = [service] if service else list(t.app.services)
    parts = [(name, compose.logs(name, LOG_LINES)) for name in names]
    if service in t.app.data_services:
        parts = [(service, t.data.logs(service, LOG_LINES))]
    return "\n".join(f"--- last log lines of {name}\n{text.rstrip()}" for name, text in parts if text.strip())
