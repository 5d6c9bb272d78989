# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is remembered of a release, and which of several is meant, kept or removed. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import chain, count
from typing import Any

from .program import CommandError

GOOD, BAD, OPEN = "good", "bad", "open"


class ReleaseError(CommandError):
    """A release failed, or what it needs is missing."""


@dataclass(frozen=True)
class Manifest:
    """One release. `state` is open until it was proven at the edge, then good; bad ones are never gone back to."""

    id: str
    source: str
    fingerprint: str
    state: str = OPEN
    services: Mapping[str, dict] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    data_services: Mapping[str, dict] = field(default_factory=dict)
    volumes: Mapping[str, Any] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    migrations: list[str] = field(default_factory=list)
    destructive: list[str] = field(default_factory=list)
    colour: str = ""
    first_port: int = 0
    live_at: float = 0.0
    reason: str = ""


def parse(value: Any) -> Manifest | None:
    """Read what this version or another one wrote. Return None for what is not a manifest."""
    if not isinstance(value, dict) or not all(isinstance(value.get(name), str) for name in ("id", "source")):
        return None
    whole = Manifest(value["id"], value["source"], "")
    known = {f.name: value[f.name] for f in fields(Manifest) if f.name in value}
    for name, given in known.items():
        wanted = type(getattr(whole, name))
        if not isinstance(given, (int, float) if wanted is float else wanted):
            return None
    return Manifest(**{"fingerprint": "", **known})


def choose_id(source: str, fingerprint: str, releases: Iterable[Manifest], anew: bool = False) -> str:
    """Return the source's own id. When the same source is to run with other settings, their fingerprint is appended; a
    number when it is to be built once more (`anew`)."""
    known = list(releases)
    taken = {manifest.id for manifest in known}
    if anew:
        return next(name for name in chain([source], (f"{source}-{n}" for n in count(2))) if name not in taken)
    for manifest in known:
        if (manifest.source, manifest.fingerprint) == (source, fingerprint):
            return manifest.id
    names = [source, *(f"{source}-{fingerprint[:digits]}" for digits in (6, 12, 64))]
    return next(name for name in names if name not in taken)


def rollback_target(releases: Mapping[str, Manifest], current: Manifest | None, wanted: str = "") -> Manifest:
    """Return the release to go back to. Raise ValueError with why there is none."""
    good = [m for m in releases.values() if m.state == GOOD and m is not current]
    names = ", ".join(m.id for m in good) or "none"
    if not wanted:
        if not good:
            raise ValueError("There is no earlier good release on the server. Deploy one instead.")
        return good[0]
    target = releases.get(wanted)
    if target is None:
        raise ValueError(f"There is no release {wanted} on the server. Kept are: {names}.")
    if target.state != GOOD:
        raise ValueError(f"Release {wanted} is {target.state} ({target.reason}) and no target. Kept are: {names}.")
    if current and target.id == current.id:
        raise ValueError(f"Release {wanted} is live already. Kept are: {names}.")
    return target


def destructive_since(releases: Mapping[str, Manifest], target: Manifest) -> list[str]:
    """Return what releases after the target did to the schema, which the target may not stand."""
    later = [m for m in releases.values() if m.live_at > target.live_at and m.state == GOOD]
    return [f"{m.id}: {finding}" for m in later for finding in m.destructive if finding not in target.destructive]


def to_keep(releases: Mapping[str, Manifest], current: str, keep: int) -> list[str]:
    """Return the current release and the last good ones, `keep` in all."""
    good = [m.id for m in releases.values() if m.state == GOOD and m.id != current]
    return [current, *good[: max(keep - 1, 0)]]


def to_prune(releases: Mapping[str, Manifest], current: str, keep: int) -> tuple[list[str], list[str]]:
    """Return good releases whose files and images may go, and other ones that nobody need remember."""
    kept = to_keep(releases, current, keep)
    good = [m.id for m in releases.values() if m.state == GOOD and m.id not in kept]
    rest = [m.id for m in releases.values() if m.state != GOOD and m.id != current]
    return good, rest[keep:]


def listed_release(release: Mapping[str, Any]) -> str:
    """Return a line of a list of releases: since when it was live, or why it never was."""
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(release["live_at"])) if release["live_at"] else ""
    return f"{release['id']:<36} {release['state']:<5} {since or release['reason']}".rstrip()
