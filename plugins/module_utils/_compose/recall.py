# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host remembers when its files are damaged or gone: the rest is in the engine and in nginx's files. Pure, but
for reading."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._app.atomic import read_json
from .._app.release import GOOD, Manifest
from .colours import COLOURS, PORTS_PER_COLOUR, other
from .containers import Container, published

KINDS = ("deploy", "rollback", "upgrade")
# The step of a journal that cannot be read: what its run had begun is not known, so that all of it is undone.
UNKNOWN = "unknown"
_RELEASE = re.compile(r'^set \$izzzi_release "([^"]+)";', re.MULTILINE)


def read_journal(path: Path) -> dict[str, Any]:
    """What a run noted: nothing without one, and UNKNOWN as its step when it is damaged."""
    if not path.exists():
        return {}
    journal = read_json(path)
    if isinstance(journal, dict) and is_journal(journal):
        edge, first = journal.get("edge"), journal.get("first_port")
        mended = {"edge": edge if isinstance(edge, dict) else {}, "started": _number(journal.get("started"))}
        return {**journal, **mended, "first_port": first if isinstance(first, int) else 0}
    return {"release": "", "colour": "", "kind": "deploy", "step": UNKNOWN, "edge": {}, "started": 0.0}


def is_journal(journal: Mapping[str, Any]) -> bool:
    release = journal.get("release")
    return (
        isinstance(release, str)
        and re.fullmatch(r"\w[\w.+-]*", release) is not None
        and journal.get("colour") in COLOURS
        and journal.get("kind") in KINDS
        and isinstance(journal.get("step"), str)
    )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0


def last_known(directory: Path, edge_directory: str) -> str:
    """The release that the link `current` names, or that nginx shows to visitors."""
    try:
        return Path(os.readlink(directory / "current")).name
    except OSError:
        pass
    try:
        text = (Path(edge_directory) / "server.conf").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = _RELEASE.search(text) if edge_directory else None
    return found[1] if found else ""


def recall(project: str, release: str, colours: Mapping[str, list[Container]], candidate: str) -> Manifest | None:
    """The live release, from its containers; `candidate` is the colour that a killed run was about to make."""
    colours = {colour: found for colour, found in colours.items() if colour != candidate}
    of_release = {c: found for c, found in colours.items() if release and _names(found, project) == {release}}
    running = {c: found for c, found in colours.items() if any(x.status == "running" for x in found)}
    for colour, containers in {**of_release, **running}.items():
        return Manifest(
            id=release or next(iter(sorted(_names(containers, project))), "unknown"),
            source="",
            fingerprint="",
            state=GOOD,
            services=_services(containers),
            colour=colour,
            first_port=_first_port(containers, colour),
        )
    return None


def _names(containers: list[Container], project: str) -> set[str]:
    """The releases that containers are of, by the tags of their images."""
    own = [c.image_name for c in containers if c.image_name.startswith(f"{project}/")]
    return {image.rpartition(":")[2] for image in own}


def _first_port(containers: list[Container], colour: str) -> int:
    ports = [port for mine in published(containers).values() for port in mine]
    return min(ports) - PORTS_PER_COLOUR * COLOURS.index(colour) if ports else 0


def _services(containers: list[Container]) -> dict[str, dict[str, Any]]:
    """Declare services as far as containers tell: how many there are and where they answer, in the order of ports."""
    ports = published(containers)
    found: dict[str, dict[str, Any]] = {}
    for container in sorted(containers, key=lambda c: ports.get(c.service, [0])):
        service = found.setdefault(container.service, {"image": container.image_name, "replicas": 0})
        service["replicas"] += 1
        for inside, outside in container.ports.items():
            if outside:
                service["port"] = inside
    return found


def colour_of_candidate(journal: Mapping[str, Any], live: Manifest | None) -> str:
    """What a damaged journal no longer says: a run only ever makes the colour that is not live."""
    return journal.get("colour") or other(live.colour if live else None)
