# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds an app's images from its packed source and pushes them to a registry: for machines that are no droplets."""

from __future__ import annotations

import base64
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .app import App, build_definition, build_env_files
from .build_log import BUILD_LOGS, BuildLog
from .program import run
from .variables import interpolate


@dataclass(frozen=True)
class Registry:
    """Where images go. `pull` is the same registry as the hosts reach it."""

    push: str
    pull: str = ""
    username: str = ""
    password: str = ""

    def name(self, app: App, service: str) -> str:
        return f"{self.push}/{app.project}/{service}"

    def reference(self, app: App, service: str, digest: str) -> str:
        return f"{self.pull or self.push}/{app.project}/{service}@{digest}"


def build_command(app: App, release: str, name: str, tag: str, platform: str = "") -> list[str]:
    """`docker image build` for one service: with BuildKit where it is installed, and without."""
    build = build_definition(app, release, name)
    known = {"context", "dockerfile", "args", "target", "platforms", "secrets"}
    if strange := sorted(set(build) - known):
        raise ValueError(f"{name}: the controller builds without `build.{strange[0]}`; let the host build.")
    values = {**app.env, "RELEASE": release}
    arguments = build_arguments(interpolate(build, values))
    platforms = ",".join(build.get("platforms") or [platform])
    flags = build_flags(build, Path(build["context"]), tag, arguments, platforms, app.build_ca_bundle)
    return ["docker", "image", "build", *flags]


def build_flags(
    build: Mapping[str, Any], context: Path, tag: str, arguments: list[str], platforms: str, ca_bundle: str
) -> list[str]:
    """What `docker build` is told about one service, to the end of its command line."""
    flags = ["--tag", tag, "--file", str(context / build.get("dockerfile", "Dockerfile"))]
    for argument in arguments:
        flags += ["--build-arg", argument]
    if build.get("target"):
        flags += ["--target", build["target"]]
    if platforms:
        flags += ["--platform", platforms]
    if ca_bundle:
        flags += ["--secret", f"id=ca_bundle,src={ca_bundle}"]
    return [*flags, str(context)]


def build_arguments(build: Mapping[str, Any]) -> list[str]:
    """`args`, given as a dictionary or as a list, each as NAME=value."""
    given = build.get("args") or {}
    return [f"{k}={v}" for k, v in given.items()] if isinstance(given, Mapping) else [str(item) for item in given]


def pushed_digest(repo_digests: str, name: str) -> str:
    """The digest that a registry knows an image by, from `docker image inspect`'s RepoDigests."""
    for reference in json.loads(repo_digests) or []:
        repository, _at, digest = reference.partition("@")
        if repository == name:
            return digest
    raise ValueError(f"Docker knows no digest of {name}, although it was pushed.")


def build_and_push(app: App, release: str, archive: Path, registry: Registry, platform: str, timeout: float) -> dict:
    """References by digest, by service. The images' names are gone afterwards; the build's cache stays."""
    with tempfile.TemporaryDirectory(prefix="izzzi-build-") as directory:
        here = replace(app, directory=Path(directory))
        unpack(archive, here.release_directory(release) / "source")
        for path, text in build_env_files(here, release).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        names = {service: registry.name(app, service) for service in app.built}
        try:
            log = BuildLog(archive.parent / BUILD_LOGS, release).start()
            for service, name in names.items():
                log.run(build_command(here, release, service, f"{name}:{release}", platform), timeout, service)
            with logged_in(registry.push, registry.username, registry.password) as docker:
                return {
                    service: registry.reference(app, service, push(docker, name, release, timeout))
                    for service, name in names.items()
                }
        finally:
            for name in names.values():
                if run(["docker", "image", "ls", "--quiet", f"{name}:{release}"]):
                    run(["docker", "image", "rm", f"{name}:{release}"])


def push(docker: list[str], name: str, release: str, timeout: float) -> str:
    run([*docker, "image", "push", "--quiet", f"{name}:{release}"], timeout=timeout)
    digests = run(["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", f"{name}:{release}"])
    return pushed_digest(digests, name)


def unpack(archive: Path, target: Path) -> None:
    target.mkdir(parents=True)
    run(["tar", "--extract", "--gzip", "--file", str(archive), "--directory", str(target)])


@contextmanager
def logged_in(registry: str, username: str, password: str) -> Iterator[list[str]]:
    """The start of a docker command that may use the registry. No argument and no file that stays has the password."""
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
    """Docker's own form. A registry may have a path; Docker asks by its host."""
    auth = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"auths": {registry.partition("/")[0]: {"auth": auth}}}
