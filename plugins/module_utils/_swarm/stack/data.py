# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds changes of data services that no undo takes back: another volume, another major version. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..._app.data_move import major, repository, upgrade_hint, volume_hint
from ..labels import APP, DATA, IMAGE, PART
from ..service import volumes_of

Specs = Mapping[str, Mapping[str, Any]]


def irreversible(desired: Specs, current: Specs) -> Iterator[str]:
    """Yield one sentence for each, with the service and what is to happen to its data."""
    for name, spec in desired.items():
        if spec["Labels"].get(PART) == DATA and name in current:
            yield from _other_volumes(name, spec, current[name])
        for holder in sorted(current):
            if volumes_of(spec) & volumes_of(current[holder]):
                yield from _other_version(name, spec, current[holder])


def _other_volumes(name: str, spec: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    now = _places(spec)
    for place, volume in _places(before).items():
        if now.get(place) != volume:
            instead = f"the volume {now[place]} is mounted" if now.get(place) else "no volume is"
            key = now.get(place, "").removeprefix(f"{spec['Labels'].get(APP)}_")
            hint = volume_hint(volume, now.get(place, ""), key)
            told = f"{name} has its data in the volume {volume} at {place}, where {instead} now"
            yield f"{told}: it would begin anew.{hint}"


def _places(spec: Mapping[str, Any]) -> dict[str, str]:
    mounts = spec["TaskTemplate"]["ContainerSpec"].get("Mounts") or []
    return {m["Target"]: m["Source"] for m in mounts if m.get("Type") == "volume" and m.get("Source")}


def _other_version(name: str, spec: Mapping[str, Any], before: Mapping[str, Any]) -> Iterator[str]:
    old, new = (one["Labels"].get(IMAGE, "") for one in (before, spec))
    if repository(old) == repository(new) and 0 not in (major(old), major(new)) and major(old) != major(new):
        volumes = ", ".join(sorted(volumes_of(spec) & volumes_of(before)))
        yield (
            f"{name} would run version {major(new)} of {repository(new)} on the data of version {major(old)} "
            f"(volume {volumes}), which the old one may not read any more.{upgrade_hint(old, new)}"
        )
