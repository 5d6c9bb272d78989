# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remembers what was backed up, verified and restored, and judges whether that is too old. Pure, but for the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app.atomic import read_json, write_json
from .config import BackupError, Config

HOUR = 3600


class State:
    """One JSON file. A damaged one is an error: to forget the repository's id would hide that it was exchanged."""

    def __init__(self, directory: Path):
        self.path = directory / "state.json"

    def read(self) -> dict[str, Any]:
        """Return what is remembered, nothing before the first run."""
        found = read_json(self.path)
        if found is None and self.path.exists() and self.path.stat().st_size:
            raise BackupError(f"{self.path} is damaged. Remove it, then run this again.")
        return found or {}

    def note(self, **values: Any) -> dict[str, Any]:
        """Remember values beside those that are there. None removes one."""
        merged = {**self.read(), **values}
        found = {key: value for key, value in merged.items() if value is not None}
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json(self.path, found)
        return found


def age(event: Mapping[str, Any] | None, now: float) -> float | None:
    """Return how many hours ago something remembered was, None for what never was."""
    return round((now - event["time"]) / HOUR, 2) if event else None


def troubles(state: Mapping[str, Any], config: Config, now: float) -> list[str]:
    """Return a sentence for whatever is not as it is declared."""
    found = []
    for key, limit, what in (
        ("backup", config.late_after, "backup"),
        ("verified", config.verified_late_after, "verified backup"),
    ):
        hours = age(state.get(key), now)
        if hours is None:
            found.append(f"There is no {what} yet.")
        elif hours > limit:
            found.append(f"The last {what} is {hours:.0f} h old; at most {limit:.0f} h are declared.")
        elif hours < -1:
            found.append(f"The last {what} is from the future: the clock of this host is {-hours:.1f} h behind it.")
    for what, failed in state.get("failed", {}).items():
        found.append(f"The last {what} failed: {failed['why'].splitlines()[0]}")
    return found


def report(state: Mapping[str, Any], config: Config, now: float) -> dict[str, Any]:
    """Return what is remembered with ages in hours, and the troubles."""
    ages = {f"{key}_age": age(state.get(key), now) for key in ("backup", "verified")}
    return {**state, **ages, "troubles": troubles(state, config, now)}
