# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back to a release that the host keeps, in one process from the lock to the undo: who needs it needs it quickly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._app.failure import Failure, render
from .._app.program import CommandError
from .._app.release import Manifest, ReleaseError, destructive_since, rollback_target
from . import data, steps
from .failure_report import witness
from .info import candidate_diff
from .problems import undefined
from .transaction import Transaction, data_drift
from .undo import back_again, recover, undo

STEPS = (steps.files, data.data, steps.start, steps.prove)
STEPS += (steps.switch, steps.hand_over, steps.drain_old, steps.commit)


def choose(t: Transaction, wanted: str) -> tuple[Manifest, list[str]]:
    """Where to go, and what the schema did since that it may not stand. Without consent to that there is no way."""
    try:
        chosen = rollback_target(t.releases, t.live, wanted)
    except ValueError as error:
        raise ReleaseError(f"{error}\n{serving(t)}") from error
    moved = destructive_since(t.releases, chosen)
    if moved and not t.options.allow_destructive:
        raise ReleaseError(
            f"Release {chosen.id} was made for a schema that later releases changed destructively:\n  "
            + "\n  ".join(moved)
            + f"\nRestore a backup, or consent: -e app_compose_allow_destructive=true.\n{serving(t)}"
        )
    return chosen, moved


def predict(t: Transaction, wanted: str) -> dict[str, Any]:
    """What `roll_back` would do."""
    chosen, moved = choose(t, wanted)
    steps.use_release(t, chosen)
    if found := [*undefined(t), *data.data_losses(t)]:
        raise ReleaseError("\n".join([f"Release {chosen.id} cannot come back as it was:", *found, serving(t)]))
    diff = candidate_diff(t, chosen.id)
    return {"changed": True, "release": chosen.id, "moved": moved, "reasons": data_drift(t), "diff": diff}


def roll_back(t: Transaction, wanted: str, still_ours: Callable[[], None]) -> dict[str, Any]:
    """The steps of a release, without those that make one. `still_ours` raises when somebody else has the lock."""
    recovered = recover(t)
    result = predict(t, wanted)
    steps.begin(t, result["release"], "rollback")
    said: dict[str, dict] = {}
    try:
        for step in STEPS:
            still_ours()
            said[step.__name__] = step(t)
    except (CommandError, OSError) as error:
        raise _undone(t, error) from error
    drained = {"drained": said["drain_old"]["seconds"], "cut": said["drain_old"]["cut"]}
    return {**result, **drained, "recovered": recovered, "seconds": said["switch"]["seconds"]}


def _undone(t: Transaction, error: CommandError | OSError) -> ReleaseError:
    """Everything that whoever asked must know, after nothing is left of it."""
    release, step, service = t.release, t.journal["step"], getattr(error, "service", "")
    seen = witness(t, service, str(error))
    undone = undo(t, seen["reason"])
    seen["facts"] = [*seen["facts"], *back_again(undone["restored"])]
    live = t.live.id if t.live else ""
    failure = Failure(release=release, step=step, serving=live, service=service, trouble=undone["trouble"], **seen)
    return ReleaseError(render(failure), service)


def serving(t: Transaction) -> str:
    return f"Release {t.live.id} goes on serving." if t.live else "No release is live."
