# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says about its app: for people, for programs and for diffs."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app import maintenance
from .._app.disk import disk_of
from .._app.edge_files import EdgeFiles
from .._app.lock import LeaseFile
from .._secrets.dotenv import from_dotenv
from .closing import stop_of
from .colours import COLOURS
from .files import colour_files
from .transaction import Transaction


def files_diff(t: Transaction, wanted: Mapping[Path, str]) -> list[dict[str, str]]:
    """The live colour's files beside the candidate's; of the environment the names only."""
    diffs = []
    for path, after in wanted.items():
        live = t.app.colour_directory(t.live.colour) / path.name if t.live else path
        before = live.read_text(encoding="utf-8") if live.exists() else ""
        if path.name == ".env":
            before, after = _names(before), _names(after)
        headers = {"before_header": str(live), "after_header": str(path)}
        diffs.append({**headers, "before": before, "after": after})
    return diffs


def candidate_diff(t: Transaction, release: str) -> list[dict[str, str]]:
    return files_diff(t, colour_files(t, release, t.next_colour))


def _names(text: str) -> str:
    return "".join(f"{name}=...\n" for name in from_dotenv(text)) if text else ""


def report(t: Transaction, now: float) -> dict[str, Any]:
    """Releases, containers, lock, edge and backups."""
    lease = LeaseFile(t.app.directory / "lease.json", lambda: now).read()
    has_docker, place = shutil.which("docker") is not None, t.options.edge_directory
    return {
        "live": t.live.id if t.live else None,
        "colour": t.live.colour if t.live else None,
        "releases": [
            {
                "id": m.id,
                "state": "live" if t.live and m.id == t.live.id else m.state,
                "live_at": m.live_at,
                "reason": m.reason,
                "migrations": len(m.migrations),
                "destructive": m.destructive,
                "images": dict(m.images),
            }
            for m in t.releases.values()
        ],
        "containers": _containers(t) if has_docker else [],
        "lock": {"owner": lease.owner, "purpose": lease.purpose, "age": now - lease.since, "held": lease.is_held(now)}
        if lease
        else None,
        "unfinished": {k: t.journal[k] for k in ("release", "step", "kind")} if t.journal else None,
        "stopped": stop_of(t) or None,
        **maintenance.report(maintenance.closed_for(EdgeFiles(Path(place))) if place else None),
        "backups": [
            {"name": path.name, "bytes": path.stat().st_size}
            for path in sorted((t.app.directory / "backups").glob("*.dump"))
        ],
        "free_mib": disk_of(t.app.directory).free_mib if t.app.directory.exists() else None,
    }


def _containers(t: Transaction) -> list[dict[str, Any]]:
    projects = {"data": t.data, **{colour: t.compose(colour) for colour in COLOURS}}
    return [
        {
            "part": part,
            "service": c.service,
            "name": c.name,
            "status": c.status,
            "health": c.health,
            "restarts": c.restarts,
            "started": c.started,
        }
        for part, compose in projects.items()
        for c in compose.containers()
    ]
