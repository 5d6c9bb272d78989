# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads and writes the manifests that a host keeps of its releases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from .._app import atomic
from .._app.release import Manifest, parse
from .colours import COLOURS


def read_all(directory: Path) -> dict[str, Manifest]:
    """All releases by id, the one that was live last first."""
    found = []
    for path in directory.glob("releases/*/release.json"):
        manifest = parse(atomic.read_json(path))
        if manifest and manifest.id == path.parent.name:
            found.append(manifest)  # a damaged one counts as if it was never there
    return {m.id: m for m in sorted(found, key=lambda m: m.live_at, reverse=True)}


def write(directory: Path, manifest: Manifest) -> None:
    atomic.write_json(directory / "releases" / manifest.id / "release.json", asdict(manifest))


def live(directory: Path, releases: Mapping[str, Manifest]) -> Manifest | None:
    """The release that the link `current` names, when its manifest is whole."""
    try:
        found = releases.get(Path(os.readlink(directory / "current")).name)
    except OSError:
        return None
    return found if found and found.colour in COLOURS else None
