# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds on the host what lies in named volumes, such as uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from .._app.program import CommandError, run
from .config import BackupError


def places(inspected: str) -> dict[str, Path]:
    """Return where each volume lies, from the output of `docker volume inspect`."""
    return {item["Name"]: Path(item["Mountpoint"]) for item in json.loads(inspected or "[]")}


def find(names: Sequence[str]) -> Mapping[str, Path]:
    """Return where volumes lie. Raise BackupError for one that does not exist."""
    if not names:
        return {}
    try:
        return places(run(["docker", "volume", "inspect", *names]))
    except CommandError as error:
        raise BackupError(
            f"One of the volumes {', '.join(names)} does not exist on this host. Correct backup_volumes.\n{error}"
        ) from error
