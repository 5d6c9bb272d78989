# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The apps of a host, as the roles have noted them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/izzzi/apps")


class CommandFailed(Exception):
    """What was asked cannot be done; the message says why, and what to do."""


@dataclass(frozen=True)
class App:
    """One app. `params` is what its runner's verbs are told; `nodes` are addresses to log in at, by those in the VPC,
    and `managers` those of managers; `user` logs in there; `jobs` are those that this host runs, as they are declared;
    `hidden` is what no output shows."""

    app: str
    runner: str
    params: Mapping[str, Any] = field(default_factory=dict)
    database: Mapping[str, Any] = field(default_factory=dict)
    redis: Mapping[str, Any] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    managers: Sequence[str] = ()
    user: str = "deploy"
    jobs: Mapping[str, Any] = field(default_factory=dict)
    hidden: Sequence[str] = ()


def typed_by(owner: str) -> dict[str, Any]:
    """Return who has typed the command, as the line of history names them."""
    user, _at, host = owner.partition("@")
    return {"who": {"user": user, "host": host}}


def choose(wanted: str, settings: Path = SETTINGS) -> App:
    """Return the app that is wanted, or the only one. Raise CommandFailed when there is none, or a choice."""
    names = sorted(path.stem for path in settings.glob("*.json"))
    if not names:
        raise CommandFailed("There is no app on this host. Run playbooks/deploy.yml.")
    if wanted and wanted not in names:
        raise CommandFailed(f"There is no app {wanted} on this host. There are: {', '.join(names)}.")
    if not wanted and len(names) > 1:
        raise CommandFailed(
            f"There are several apps on this host: {', '.join(names)}. Say which: izzzi -a {names[0]} ..."
        )
    return read(wanted or names[0], settings)


def read(name: str, settings: Path = SETTINGS) -> App:
    """Return an app as it is noted. Raise CommandFailed where that is damaged."""
    try:
        given = json.loads((settings / f"{name}.json").read_text(encoding="utf-8"))
        known = {key: given[key] for key in App.__dataclass_fields__ if key in given}
        return App(**{**known, "hidden": hidden(name, settings)})
    except (OSError, ValueError, TypeError) as error:
        raise CommandFailed(f"{settings}/{name}.json cannot be read: {error}. Run playbooks/deploy.yml.") from error


def remembered(name: str, settings: Path = SETTINGS) -> list[str]:
    """Return what `hidden` has, nothing where that is damaged: for a verb that knows the declared secrets besides."""
    try:
        return list(hidden(name, settings))
    except (OSError, ValueError, TypeError):
        return []


def noted_jobs(name: str, settings: Path = SETTINGS) -> dict[str, Any]:
    """Return the jobs that this host has of an app; none where it has no such app, or its settings are damaged."""
    try:
        return dict(read(name, settings).jobs)
    except CommandFailed:
        return {}


def hidden(name: str, settings: Path = SETTINGS) -> tuple[str, ...]:
    """Return what no output of an app shows: secrets of all releases that this host knows of. Raise ValueError or
    OSError where that is damaged."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (settings / f"{name}.hidden").glob("*")]
    return tuple(sorted({str(text) for texts in found for text in texts}))
