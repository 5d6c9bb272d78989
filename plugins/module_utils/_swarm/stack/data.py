# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds changes of data services that no undo takes back: another volume, another major version. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..._app.data_move import upgrade_hint, volume_hint
from ..labels import APP, DATA, IMAGE, PART
from ..service import volumes_of

Specs = Mapping[str, Mapping[str, Any]]
_IMAGE = re.compile(r"(?P<repository>.+?)(?::v?(?P<major>\d+)[^/:@]*)?(?:@.*)?")


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
    old, new = (_version(one["Labels"].get(IMAGE, "")) for one in (before, spec))
    if old and new and old[0] == new[0] and old[1] != new[1]:
        hint = upgrade_hint(*(one["Labels"].get(IMAGE, "") for one in (before, spec)))
        volumes = ", ".join(sorted(volumes_of(spec) & volumes_of(before)))
        yield (
            f"{name} would run version {new[1]} of {new[0]} on the data of version {old[1]} (volume {volumes}), "
            f"which the old one may not read any more.{hint}"
        )


def _version(image: str) -> tuple[str, str] | None:
    """Return repository and major version; None for a tag that does not begin with a number."""
    found = _IMAGE.fullmatch(image)
    return (found["repository"], found["major"]) if found and found["major"] else None
