# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chooses the release to go back to, and predicts what that would do."""

from __future__ import annotations

from typing import Any

from .._app.release import Manifest, ReleaseError, destructive_since, rollback_target
from .data import data_losses
from .info import candidate_diff
from .plan import data_drift
from .problems import undefined
from .transaction import Transaction, use_release


def choose(t: Transaction, wanted: str) -> tuple[Manifest, list[str]]:
    """Choose the release and list later schema changes that may break it. Refuse them without consent."""
    try:
        chosen = rollback_target(t.releases, t.live, wanted)
    except ValueError as error:
        raise ReleaseError(str(error)) from error
    moved = destructive_since(t.releases, chosen)
    if moved and not t.options.allow_destructive:
        raise ReleaseError(
            f"Release {chosen.id} was made for a schema that later releases changed destructively:\n  "
            + "\n  ".join(moved)
            + "\nRestore a backup, or consent: -e app_compose_allow_destructive=true."
        )
    return chosen, moved


def predict(t: Transaction, wanted: str) -> dict[str, Any]:
    """What a rollback would do. From here on the app is what the chosen release declared."""
    chosen, moved = choose(t, wanted)
    use_release(t, chosen)
    if found := [*undefined(t), *data_losses(t)]:
        raise ReleaseError("\n".join([f"Release {chosen.id} cannot come back as it was:", *found]))
    diff = candidate_diff(t, chosen.id)
    return {"changed": True, "release": chosen.id, "moved": moved, "reasons": data_drift(t), "diff": diff}
