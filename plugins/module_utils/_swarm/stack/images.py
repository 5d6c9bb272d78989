# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of a stack: what running services are pinned to, and what each node has and shall have."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from ..._app.images import pull as pull_image
from ..engine import Engine, NotFound, name_in_path
from ..labels import DATA, IMAGE, PART


def known_pins(services: Mapping[str, Mapping]) -> dict[str, str]:
    """Return by declared image what running services were pinned to: a tag that moved since does not count.

    Nor does an image that a person gave a service by hand.
    """
    pins: dict[str, str] = {}
    for item in services.values():
        spec = item["Spec"]
        declared, pinned = spec["Labels"].get(IMAGE, ""), spec["TaskTemplate"]["ContainerSpec"]["Image"]
        if declared and _is_pin(pinned, declared):
            pins[declared] = pinned
    return pins


def _is_pin(pinned: str, declared: str) -> bool:
    return "@sha256:" in pinned and pinned in (declared, f"{declared}@{pinned.partition('@')[2]}")


def of_nodes(specs: Mapping[str, Mapping], kept: Iterable[str]) -> dict[str, list[str]]:
    """Say what every node shall have, and what it may keep. Data services have their node, which has their images."""
    images = {name: spec["TaskTemplate"]["ContainerSpec"]["Image"] for name, spec in specs.items()}
    pull = {image for name, image in images.items() if specs[name]["Labels"].get(PART) != DATA}
    return {"pull": sorted(pull), "keep": sorted({*images.values(), *kept})}


def stale(
    listed: Iterable[Mapping[str, Any]], used: set[str], prefix: str, keep: Iterable[str], born_before: float
) -> list[str]:
    """Return ids of the app's own images on this node that no kept release and no container needs.

    Young ones may belong to a release that is being made.
    """
    digests = {image.partition("@")[2] for image in keep}
    found = []
    for item in listed:
        names = [*(item.get("RepoTags") or []), *(item.get("RepoDigests") or [])]
        ours = bool(names) and all(name.startswith(prefix) for name in names)
        kept = digests & {name.partition("@")[2] for name in names if "@" in name}
        if ours and not kept and item["Id"] not in used and item["Created"] < born_before:
            found.append(item["Id"])
    return found


def missing(engine: Engine, images: Iterable[str]) -> list[str]:
    found = []
    for image in images:
        try:
            engine.get(f"/images/{name_in_path(image)}/json")
        except NotFound:
            found.append(image)
    return found


def provide(engine: Engine, pull: list[str], keep: list[str], prefix: str, age: float, check_mode: bool) -> dict:
    """Bring one node's images to what is asked."""
    wanted = missing(engine, pull)
    used = {item["ImageID"] for item in engine.get("/containers/json", all=True)}
    listed = engine.get("/images/json")
    old = stale(listed, used, prefix, [*keep, *pull], time.time() - age) if prefix else []
    if not check_mode:
        for image in wanted:
            pull_image(image)
        for identity in old:
            engine.delete(f"/images/{identity}", force=True)
    return {"changed": bool(wanted or old), "pulled": wanted, "removed": old}
