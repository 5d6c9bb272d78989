# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes damaged files out of the repository. restic stores what it believes to be there only once, so that each later
backup of the same data would be as damaged as the first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import base, wal
from .config import BackupError
from .context import Context
from .drill import drill
from .lock import locked
from .take import take

_ID = re.compile(r"\b[0-9a-f]{64}\b")
_PACK = re.compile(r"^(?:error for |ignoring error for )?pack ", re.IGNORECASE)
_SNAPSHOT = re.compile(r"in snapshot ([0-9a-f]{8})")


def damaged(said: str) -> list[str]:
    """Return the ids of the packs that `restic check` found damaged. Of a line that names what a pack should be and
    what it is, the first id counts."""
    found = [_ID.search(line) for line in said.splitlines() if _PACK.match(line.strip())]
    return sorted({match[0] for match in found if match})


def hit(said: str) -> list[str]:
    """Return the snapshots in which `restic find --pack` has found something."""
    return sorted(set(_SNAPSHOT.findall(said)))


def repair(context: Context) -> dict[str, Any]:
    """Read all of the repository, put damaged packs aside, make a backup that stores anew what was in them, and prove
    it. Backups that are not whole even then are forgotten. Return what was done; nothing, when nothing is damaged.
    Raise BackupError when something else than packs is damaged."""
    repository, began = context.repository, context.clock()
    with locked(context.config.directory, "repair"):
        repository.open(context.state.read().get("repository", ""))
        packs, affected = look(context)
        for pack in packs:
            context.archive.put_aside(pack)
        if packs:
            repository.run("rebuild-index", "--quiet")
        # `restic find` names no snapshot for a pack that has the names of files.
        nameless = [name for name in present(context) if not repository.has_all_names(name)] if packs else []
        forgotten = forget(context, nameless)
        affected = sorted({*affected, *nameless})
    if not packs:
        return {"packs": [], "affected": [], "forgotten": [], "seconds": round(context.clock() - began, 1)}
    made = take(context, force=True)
    with locked(context.config.directory, "repair"):
        # What is stored anew makes a backup whole again whose names are all there.
        if said := repository.trouble():
            forgotten += forget(context, affected)
            said = repository.trouble()
        if said:
            raise BackupError(f"The repository is still damaged. Begin anew with another backup_prefix.\n{said}")
    wal.due(context)
    proven = drill(context)
    done = {"packs": packs, "affected": affected, "forgotten": forgotten, "id": made["id"], "rows": proven["rows"]}
    return {**done, "seconds": round(context.clock() - began, 1)}


def foresee(context: Context) -> dict[str, Any]:
    """Return which packs `repair` would put aside, and which backups have something in them."""
    with locked(context.config.directory, "search for damage"):
        packs, affected = look(context)
    return {"packs": packs, "affected": affected, "forgotten": []}


def look(context: Context) -> tuple[list[str], list[str]]:
    """Return the damaged packs, and the snapshots that have something in them."""
    said = context.repository.trouble("--read-data")
    packs = damaged(said)
    if said and not packs:
        raise BackupError(
            "Something else than a file of data is damaged, which this cannot mend. Look at the bucket's older "
            f"versions, or begin anew with another backup_prefix.\n{said}"
        )
    return packs, hit(context.repository.run("find", "--no-lock", "--pack", *packs)) if packs else []


def present(context: Context) -> list[str]:
    """Return the ids of all snapshots of the app, base backups among them."""
    repository = context.repository
    return [snapshot.id for snapshot in [*repository.snapshots(), *repository.snapshots(base.BASE)]]


def forget(context: Context, broken: Sequence[str]) -> list[str]:
    """Forget those of these snapshots that are still there, and have base backups among them made anew. Return them.
    Nothing is pruned: restic refuses that for as long as others are broken."""
    if not (going := sorted({*broken} & {*present(context)} if broken else ())):
        return []
    lost = {found.service for found in base.bases(context) if found.id in going}
    context.repository.run("forget", "--quiet", *going)
    for service in lost:
        context.base_state(service).note(chain=None)  # another one is due
    return going
