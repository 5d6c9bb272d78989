# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a stack: built or pulled on this manager, pushed for all nodes, pinned by digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ._engine import Engine, NotFound, name_in_path
from ._host import ReleaseError, run
from ._image_build import build_arguments, build_flags
from ._swarm_spec import IMAGE, Image

BUILD_TIMEOUT = 1800


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
    """What running services were declared with, and what that was pinned to then: a tag that moved does not count."""
    pins = {}
    for item in services.values():
        spec = item["Spec"]
        pins[spec["Labels"].get(IMAGE, "")] = spec["TaskTemplate"]["ContainerSpec"]["Image"]
    return {declared: pinned for declared, pinned in pins.items() if declared and "@sha256:" in pinned}


def from_inspection(declared: str, pinned: str, inspected: Mapping[str, Any]) -> Image:
    config = inspected.get("Config") or {}
    health = (config.get("Healthcheck") or {}).get("Test") or []
    return Image(
        reference=pinned,
        declared=declared,
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        has_healthcheck=bool(health) and health != ["NONE"],
    )


class Images:
    """Finds or makes the image of each service."""

    def __init__(self, engine: Engine, project: str, registry: str, release: str, source: str, ca_bundle: str = ""):
        self.engine = engine
        self.project = project
        self.registry = registry
        self.release = release
        self.source = Path(source)
        self.ca_bundle = ca_bundle
        self.made: list[str] = []

    def declared(self, name: str, service: Mapping[str, Any]) -> str:
        return reference(self.registry, self.project, name, self.release) if "build" in service else service["image"]

    def of(self, name: str, service: Mapping[str, Any], pins: Mapping[str, str]) -> Image:
        """May build, push or pull."""
        declared = self.declared(name, service)
        if found := self.look(name, service, pins):
            return found
        if declared in pins:
            self._pull(pins[declared])
            return from_inspection(declared, pins[declared], self._inspect(pins[declared]))
        if "build" in service:
            self._build(name, declared, dict(service["build"] or {}))
            self._push(name, declared)
        else:
            self._pull(declared)
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
        pinned = pins.get(declared) or pin(declared, inspected.get("RepoDigests") or [])
        return from_inspection(declared, pinned, inspected) if pinned else None

    def _inspect(self, image: str) -> dict[str, Any]:
        return self.engine.get(f"/images/{name_in_path(image)}/json")

    def _pull(self, image: str) -> None:
        run(["docker", "image", "pull", "--quiet", image], timeout=BUILD_TIMEOUT)
        self.made.append(image)

    def _push(self, name: str, image: str) -> None:
        try:
            run(["docker", "image", "push", "--quiet", image], timeout=BUILD_TIMEOUT)
        except ReleaseError as error:
            raise ReleaseError(f"{name}: the registry does not take its image. {error}", name) from error

    def _build(self, name: str, image: str, build: dict[str, Any]) -> None:
        command = ["docker", "buildx", "build", "--load", "--progress", "plain"]
        context = self.source / build.get("context", "")
        command += build_flags(build, context, image, build_arguments(build), "", self.ca_bundle)
        try:
            run(command, timeout=BUILD_TIMEOUT)
        except ReleaseError as error:
            raise ReleaseError(f"{name}: its image cannot be built. {error}", name) from error


def as_facts(images: Mapping[str, Image]) -> dict[str, dict[str, Any]]:
    return {name: asdict(image) for name, image in images.items()}


def from_facts(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Image]:
    return {
        name: Image(**{**image, "entrypoint": tuple(image["entrypoint"]), "command": tuple(image["command"])})
        for name, image in facts.items()
    }
