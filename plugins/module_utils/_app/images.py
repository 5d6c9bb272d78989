# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds an app's images from its packed source, pushes or pulls them, and pins them by digest, wherever Docker is."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .app import App, build_env_files
from .build_log import BUILD_LOGS, BuildLog
from .program import CommandError, run
from .release import ReleaseError
from .values import pairs, words
from .variables import interpolate

RECIPE = "izzzi.recipe"
OLD_SOURCE = 24 * 3600.0  # seconds
# Compose's keys beside the context, with the flag of `docker image build` for each.
ONE = {"target": "--target", "network": "--network", "shm_size": "--shm-size"}
MANY = {"args": "--build-arg", "labels": "--label", "extra_hosts": "--add-host", "cache_from": "--cache-from"}
SWITCHES = {"no_cache": "--no-cache", "pull": "--pull"}
BUILD_KEYS = {"context", "dockerfile", "platforms", *ONE, *MANY, *SWITCHES}


@dataclass(frozen=True)
class Image:
    """A pinned reference, and what the image itself says to run."""

    reference: str
    declared: str = ""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    has_healthcheck: bool = False
    volumes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Registry:
    """Where images go. `pull` is the same registry as the hosts reach it."""

    push: str
    pull: str = ""
    username: str = ""
    password: str = ""

    def as_pulled(self, reference: str) -> str:
        """Return a reference by digest as the hosts ask for it: without a tag, which may move."""
        name, _at, digest = reference.partition("@")
        name = repository(name)
        if self.pull and name.startswith(f"{self.push}/"):
            name = self.pull + name.removeprefix(self.push)
        return f"{name}@{digest}"


@dataclass
class Images:
    """Finds or makes the images of an app's services. `pins` is what declared images were pinned to so far."""

    app: App
    release: str
    registry: Registry
    archive: Path | None = None
    pins: Mapping[str, str] = field(default_factory=dict)
    platform: str = ""
    timeout: float = 1800
    refresh: bool = False  # base images, too

    def declared(self, name: str) -> str:
        """Return the name of a service's image: what it declares, or where the registry has what is built for it."""
        service = self.app.services[name]
        if "build" in service:
            return built_name(self.registry.push, self.app.project, name, self.release)
        return self.app.declared_image(service, self.release)

    def reference(self, name: str) -> str:
        """Return what a service's image is asked for by: its pin where it has one, else as it is declared."""
        declared = self.declared(name)
        return self.pins.get(declared, declared)

    def look(self) -> dict[str, Image]:
        """Return the images that are there already."""
        names = {name: self.reference(name) for name in self.app.services}
        there = inspect(sorted({*names.values()}))
        found = {name: self._known(name, there[image]) for name, image in names.items() if image in there}
        return {name: image for name, image in found.items() if image}

    def _known(self, name: str, inspected: Mapping[str, Any]) -> Image | None:
        """A run that was killed leaves an image and no release: the next may have its name, and another recipe."""
        declared = self.declared(name)
        if name in self.app.built and declared not in self.pins:
            labels = (inspected.get("Config") or {}).get("Labels") or {}
            if labels.get(RECIPE) != self.recipe(name):
                return None
        return self._pinned(declared, inspected)

    def _pinned(self, declared: str, inspected: Mapping[str, Any]) -> Image | None:
        """Return the image as all hosts find it, or None when no registry holds it."""
        pinned = self.pins.get(declared) or pin(declared, inspected.get("RepoDigests") or [])
        return from_inspection(declared, pinned, inspected) if pinned else None

    def make(self, names: Collection[str]) -> dict[str, Image]:
        """Build all that is to be built, then push it and pull the others."""
        build = [name for name in names if name in self.app.built and self.declared(name) not in self.pins]
        if build:
            self._build(build)
        with logged_in(self.registry.push, self.registry.username, self.registry.password) as docker:
            for name in names:
                if name in build:
                    self._push(docker, name)
                else:
                    pull(self.reference(name), [name], docker, self.timeout)
        return {name: self._made(name) for name in names}

    def forget(self, names: Collection[str]) -> None:
        """Take the names of built images away from this machine; what they share with the next build stays."""
        for image in inspect([self.declared(name) for name in names]):
            run(["docker", "image", "rm", image])

    def _build(self, names: Sequence[str]) -> None:
        if not self.archive:
            raise ReleaseError(f"{names[0]}: its image is to be built, and there is no source.", names[0])
        remove_old_sources(self.archive)
        with tempfile.TemporaryDirectory(prefix="source-", dir=self.archive.parent) as directory:
            here = replace(self.app, directory=Path(directory))
            source = here.release_directory(self.release) / "source"
            unpack(self.archive, source)
            for path, text in build_env_files(here, self.release).items():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            log = BuildLog(self.archive.parent / BUILD_LOGS, self.release).start()
            for name in names:
                log.run(self.build_command(name, source), self.timeout, name)

    def definition(self, name: str) -> dict[str, Any]:
        """Return a service's `build` as Compose understands it, with the app's variables and RELEASE, never secrets."""
        given = self.app.services[name]["build"] or {}
        build = {"context": given} if isinstance(given, str) else dict(given)
        return interpolate(build, {**self.app.env, "RELEASE": self.release})

    def recipe(self, name: str) -> str:
        """Return a mark of what an image is built by, beside its source, which its release is named after."""
        text = json.dumps(
            [self.definition(name), self.app.services[name].get("build_env")], sort_keys=True, default=str
        )
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def build_command(self, name: str, source: Path) -> list[str]:
        """Return `docker image build` for one service: with BuildKit where it is installed, and without."""
        build = self.definition(name)
        if strange := sorted(key for key in set(build) - BUILD_KEYS if not key.startswith("x-")):
            raise ReleaseError(f"{name}: images are built without `build.{strange[0]}`; leave it out.", name)
        context = source / build.get("context", "")
        command = ["docker", "image", "build", "--tag", self.declared(name), "--label", f"{RECIPE}={self.recipe(name)}"]
        command += ["--file", str(context / build.get("dockerfile", "Dockerfile"))]
        for key, flag in MANY.items():
            command += [part for item in items(build.get(key)) for part in (flag, item)]
        for key, flag in ONE.items():
            command += [flag, str(build[key])] if build.get(key) else []
        command += [flag for key, flag in SWITCHES.items() if build.get(key) or (key == "pull" and self.refresh)]
        if platforms := ",".join(build.get("platforms") or [self.platform]):
            command += ["--platform", platforms]
        if self.app.build_ca_bundle:
            command += ["--secret", f"id=ca_bundle,src={self.app.build_ca_bundle}"]
        return [*command, str(context)]

    def _push(self, docker: Sequence[str], name: str) -> None:
        try:
            run([*docker, "image", "push", "--quiet", self.declared(name)], timeout=self.timeout)
        except CommandError as error:
            raise ReleaseError(f"{name}: the registry does not take its image. {error}", name) from error

    def _made(self, name: str) -> Image:
        declared, reference = self.declared(name), self.reference(name)
        made = self._pinned(declared, inspect([reference])[reference])
        if not made:
            raise ReleaseError(f"{name}: {declared} has no digest: no registry holds it.", name)
        return made


def built_name(registry: str, project: str, service: str, release: str) -> str:
    """Return where a built image is for all hosts."""
    return f"{registry}/{project}/{service}:{release}"


def items(value: Any) -> list[str]:
    """Return a dictionary, or a list, as the `NAME=value` of command lines; a name alone stays one."""
    if isinstance(value, Mapping):
        return [key if text is None else f"{key}={text}" for key, text in pairs(value).items()]
    return words(value)


def inspect(images: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return what this machine knows of images, by their names; it has none of the others."""
    try:
        found = json.loads(run(["docker", "image", "inspect", *images])) if images else []
    except CommandError:  # of one that is missing
        return {} if len(images) == 1 else {key: item for image in images for key, item in inspect([image]).items()}
    return {image: found[number] for number, image in enumerate(images)}


def pull(image: str, services: Sequence[str] = (), docker: Sequence[str] = ("docker",), timeout: float = 1800) -> None:
    """Pull an image, or raise a ReleaseError that names it and the services that need it."""
    try:
        run([*docker, "image", "pull", "--quiet", image], timeout=timeout)
    except CommandError as error:
        who = f"{', '.join(services)}: the" if services else "The"
        raise ReleaseError(f"{who} image {image} could not be pulled.\n{error}", *services[:1]) from error


def pulled(image: str) -> Image:
    """Return one that a service already runs; pull it where this machine does not have it."""
    if not inspect([image]):
        pull(image)
    return from_inspection(image, image, inspect([image])[image])


def repository(image: str) -> str:
    """Return an image's name without tag and digest. A colon before the last slash is the registry's port."""
    head, slash, tail = image.partition("@")[0].rpartition("/")
    return head + slash + tail.partition(":")[0]


def pin(declared: str, repo_digests: Sequence[str]) -> str:
    """Return the reference that means these very layers everywhere; empty for an image that no registry has."""
    if "@sha256:" in declared:
        return declared
    wanted = repository(declared)
    names = (wanted, wanted.removeprefix("docker.io/"), wanted.removeprefix("docker.io/library/"))
    found = (reference.partition("@") for reference in repo_digests)
    return next((f"{declared}@{digest}" for name, _at, digest in found if name in names), "")


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


def from_facts(facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Image]:
    """Read what the module app_image returned: lists, as facts have them, become tuples again."""
    return {
        name: Image(**{key: tuple(value) if isinstance(value, list) else value for key, value in image.items()})
        for name, image in facts.items()
    }


def unpack(archive: Path, target: Path) -> None:
    target.mkdir(parents=True)
    run(["tar", "--extract", "--gzip", "--no-same-owner", "--file", str(archive), "--directory", str(target)])


def remove_old_sources(archive: Path, age: float = OLD_SOURCE) -> list[str]:
    """Remove what killed runs had left beside an archive. A young one may be another run's, which builds now."""
    newest = archive.stat().st_mtime - age
    old = [path for path in archive.parent.glob("source-*") if path != archive and path.stat().st_mtime < newest]
    for path in old:
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink()
    return sorted(path.name for path in old)


@contextmanager
def logged_in(registry: str, username: str, password: str) -> Iterator[list[str]]:
    """Yield the start of a docker command that may use the registry.

    No argument, and no file that stays, has the password.
    """
    if not username:
        yield ["docker"]
        return
    directory = Path(tempfile.mkdtemp(prefix="izzzi-registry-"))  # 0700
    try:
        with open(os.open(directory / "config.json", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump(credentials(registry, username, password), file)
        yield ["docker", "--config", str(directory)]
    finally:
        shutil.rmtree(directory)


def credentials(registry: str, username: str, password: str) -> Mapping[str, Any]:
    """Return Docker's own form. A registry may have a path; Docker asks by its host."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"auths": {registry.partition("/")[0]: {"auth": auth}}}
