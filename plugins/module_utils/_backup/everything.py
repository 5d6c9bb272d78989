# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings all of an app's data back before its first release on a new host: databases, Redis, files of volumes."""

from __future__ import annotations

from typing import Any

from . import manifest, restore, restore_redis, restore_volume
from .context import Context
from .repository import choose
from .restore import LIVE
from .take import STAGING


def bring_back(context: Context, to: str = "latest") -> dict[str, Any]:
    """Restore each database, Redis, and the volumes that have no files yet. All of it comes from one backup, also when
    a newer one is made meanwhile. Return what was done, part by part. Raise BackupError at the first part that fails;
    another run begins anew, and keeps what the databases had as after every restore."""
    config, began = context.config, context.clock()
    snapshot = choose(context.repository.snapshots(), to)
    found = manifest.read(context.repository.read(snapshot.id, f"/{STAGING}/{manifest.FILE}"))
    parts = [restore.restore(context, snapshot.id, LIVE, database.name) for database in config.databases]
    if config.redis and found.get("redis"):
        parts.append(restore_redis.restore(context, snapshot.id))
    parts += [restore_volume.fill_empty(context, volume, snapshot) for volume in config.volumes]
    return {
        "what": f"backup {snapshot.id} of {snapshot.at}",
        "id": snapshot.id,
        "parts": parts,
        "rows": sum(part.get("rows", 0) for part in parts),
        "seconds": round(context.clock() - began, 1),
    }
