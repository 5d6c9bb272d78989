# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a stack: built or pulled on this manager, pushed for all nodes, pinned by digest."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..._app.app import declared_image
from ..._app.build_log import BUILD_LOGS, BuildLog
from ..._app.images import build_arguments, build_flags
from ..._app.program import CommandError, run
from ..._app.release import ReleaseError
from ..._app.variables import interpolate
from ..engine import Engine, NotFound, name_in_path
from ..labels import DATA, IMAGE, PART
from .model import Image

BUILD_TIMEOUT = 1800
RECIPE = "izzzi.recipe"
OLD_SOURCE = 24 * 3600.0


def recipe_mark(build: Mapping[str, Any], service: Mapping[str, Any]) -> str:
    """Tells what an image was built by, beside its source, which its release is named after."""
    recipe = json.dumps([build, service.get("build_env")], sort_keys=True, default=str)
    return hashlib.sha256(recipe.encode()).hexdigest()[:12]


def reference(registry: str, project: str, service: str, release: str) -> str:
    """Where a built image is for all nodes."""
    return f"{registry}/{project}/{service}:{release}"


def repository(image: str) -> str:
    """Without tag and digest. A colon before the last slash is the registry's port."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def pin(declared: str, repo_digests: list[str]) -> str:
    """The reference that means these very layers everywhere. An image that no registry has stays unpinned: ''."""
    if "@sha256:" in declared:
        return declared
    wanted = repository(declared)
    names = (wanted, wanted.removeprefix("docker.io/"), wanted.removeprefix("docker.io/library/"))
    for digest in repo_digests:
        name, _, sha = digest.partition("@")
        if name in names:
            return f"{declared}@{sha}"
    return ""


def known_pins(services: Mapping[str, Mapping]) -> dict[str, str]:
    """What running services were declared with, and what that was pinned to then: a tag that moved does not count.

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


def from_inspection(declared: str, pinned: str, inspected: Mapping[str, Any]) -> Image:
    config = inspected.get("Config") or {}
    health = (config.get("Healthcheck") or {}).get("Test") or []
    return Image(
        reference=pinned,
        declared=declared,
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        has_healthcheck=bool(health) and health != ["NONE"],
        volumes=tuple(config.get("Volumes") or ()),
    )


class Images:
    """Finds or makes the image of each service."""

    def __init__(
        self,
        engine: Engine,
        project: str,
        registry: str,
        release: str,
        source: str,
        ca_bundle: str = "",
        env: Mapping[str, Any] | None = None,
    ):
        self.engine = engine
        self.project = project
        self.registry = registry
        self.release = release
        self.source = Path(source)
        self.ca_bundle = ca_bundle
        self.env = env or {}
        self.made: list[str] = []
        self.log: BuildLog | None = None

    def declared(self, name: str, service: Mapping[str, Any]) -> str:
        if "build" in service:
            return reference(self.registry, self.project, name, self.release)
        return declared_image(service, self.env, self.release)

    def of(self, name: str, service: Mapping[str, Any], pins: Mapping[str, str]) -> Image:
        """May build, push or pull."""
        declared = self.declared(name, service)
        if found := self.look(name, service, pins):
            return found
        if declared in pins:
            self._pull(pins[declared], name)
            return from_inspection(declared, pins[declared], self._inspect(pins[declared]))
        if "build" in service:
            self._build(name, declared, service)
            self._push(name, declared)
        else:
            self._pull(declared, name)
        inspected = self._inspect(declared)
        pinned = pin(declared, inspected.get("RepoDigests") or [])
        if not pinned:
            raise ReleaseError(f"{name}: {declared} has no digest: no registry holds it.", name)
        self.made.append(name)
        return from_inspection(declared, pinned, inspected)

    def pinned(self, image: str) -> Image:
        """One that a service already runs; pulled where this manager does not have it."""
        try:
            return from_inspection(image, image, self._inspect(image))
        except NotFound:
            self._pull(image)
            return from_inspection(image, image, self._inspect(image))

    def look(self, name: str, service: Mapping[str, Any], pins: Mapping[str, str]) -> Image | None:
        """What is known without changing anything."""
        declared = self.declared(name, service)
        try:
            inspected = self._inspect(pins.get(declared, declared))
        except NotFound:
            return None
        if "build" in service and declared not in pins and not self._is_made_from(service, inspected):
            return None
        pinned = pins.get(declared) or pin(declared, inspected.get("RepoDigests") or [])
        return from_inspection(declared, pinned, inspected) if pinned else None

    def _recipe(self, service: Mapping[str, Any]) -> dict[str, Any]:
        return interpolate(dict(service["build"] or {}), {**self.env, "RELEASE": self.release})

    def _is_made_from(self, service: Mapping[str, Any], inspected: Mapping[str, Any]) -> bool:
        """A run that was killed leaves an image and no release: the next one may have its name, and another recipe."""
        labels = (inspected.get("Config") or {}).get("Labels") or {}
        return labels.get(RECIPE) == recipe_mark(self._recipe(service), service)

    def _inspect(self, image: str) -> dict[str, Any]:
        return self.engine.get(f"/images/{name_in_path(image)}/json")

    def _pull(self, image: str, name: str = "") -> None:
        try:
            run(["docker", "image", "pull", "--quiet", image], timeout=BUILD_TIMEOUT)
        except CommandError as error:
            who = f"{name}: the" if name else "The"
            raise ReleaseError(f"{who} image {image} could not be pulled.\n{error}", name) from error
        self.made.append(image)

    def _push(self, name: str, image: str) -> None:
        try:
            run(["docker", "image", "push", "--quiet", image], timeout=BUILD_TIMEOUT)
        except CommandError as error:
            raise ReleaseError(f"{name}: the registry does not take its image. {error}", name) from error

    def _build(self, name: str, image: str, service: Mapping[str, Any]) -> None:
        build = self._recipe(service)
        command = ["docker", "buildx", "build", "--load", "--label", f"{RECIPE}={recipe_mark(build, service)}"]
        context = self.source / build.get("context", "")
        command += build_flags(build, context, image, build_arguments(build), "", self.ca_bundle)
        if not self.log:
            self.log = BuildLog(self.source.parent / BUILD_LOGS, self.release).start()
        self.log.run(command, BUILD_TIMEOUT, name)


def remove_old_sources(source: Path, now: float, age: float = OLD_SOURCE) -> list[str]:
    """What killed runs had unpacked beside this source. A young one may be another run's, which builds now."""
    old = [path for path in source.parent.glob("source-*") if path != source and now - path.stat().st_mtime > age]
    for path in old:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in old]


def of_nodes(specs: Mapping[str, Mapping], kept: Iterable[str]) -> dict[str, list[str]]:
    """What every node shall have, and what it may keep. Data services have their node, which has their images."""
    images = {name: spec["TaskTemplate"]["ContainerSpec"]["Image"] for name, spec in specs.items()}
    pull = {image for name, image in images.items() if specs[name]["Labels"].get(PART) != DATA}
    return {"pull": sorted(pull), "keep": sorted({*images.values(), *kept})}


def stale(
    listed: Iterable[Mapping[str, Any]], used: set[str], prefix: str, keep: Iterable[str], born_before: float
) -> list[str]:
    """Ids of the app's own images on this node that no kept release and no container needs. Young ones may belong to a
    release that is being made.
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
    """Brings one node's images to what is asked."""
    wanted = missing(engine, pull)
    used = {item["ImageID"] for item in engine.get("/containers/json", all=True)}
    listed = engine.get("/images/json")
    old = stale(listed, used, prefix, [*keep, *pull], time.time() - age) if prefix else []
    if not check_mode:
        for image in wanted:
            run(["docker", "image", "pull", "--quiet", image], timeout=BUILD_TIMEOUT)
        for identity in old:
            engine.delete(f"/images/{identity}", force=True)
    return {"changed": bool(wanted or old), "pulled": wanted, "removed": old}


def as_facts(images: Mapping[str, Image]) -> dict[str, dict[str, Any]]:
    return {name: asdict(image) for name, image in images.items()}


def from_facts(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Image]:
    """Lists, as facts have them, become tuples again."""
    return {
        name: Image(
            **{key: tuple(value) if isinstance(value, (list, tuple)) else value for key, value in image.items()}
        )
        for name, image in facts.items()
    }
