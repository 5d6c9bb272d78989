# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app declares, whoever runs it: its services, their variables and what is built. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._secrets.dotenv import to_dotenv
from . import variables
from .values import read_mount, volume_name


@dataclass(frozen=True)
class App:
    """What is declared, as the host needs it."""

    project: str
    directory: Path
    services: Mapping[str, dict]
    data_services: Mapping[str, dict] = field(default_factory=dict)
    volumes: Mapping[str, dict] = field(default_factory=dict)
    env: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    build_ca_bundle: str = ""

    def release_directory(self, release: str) -> Path:
        return self.directory / "releases" / release

    @property
    def built(self) -> list[str]:
        return [name for name, service in self.services.items() if "build" in service]

    @property
    def replicas(self) -> dict[str, int]:
        return {name: int(service.get("replicas", 1)) for name, service in self.services.items()}

    def image(self, service: str, release: str) -> str:
        return f"{self.project}/{service}:{release}"

    def declared_image(self, service: Mapping[str, Any], release: str = "") -> str:
        """Return the image that a service declares, with the app's variables resolved, and never secrets."""
        return declared_image(service, self.env, release)

    def volume_name(self, name: str) -> str:
        """Return Docker's name of a declared volume, as Compose makes it, also for `name` and `external`."""
        return volume_name(self.project, name, self.volumes.get(name))


def mounted(services: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Return what the services mount: names of declared volumes, and paths of the host."""
    return {read_mount(mount).source for service in services.values() for mount in service.get("volumes") or []}


def declared_image(service: Mapping[str, Any], env: Mapping[str, Any], release: str) -> str:
    """Return the image that a service names, with the variables of `env` and RELEASE resolved."""
    return str(variables.interpolate(service.get("image", ""), {**env, "RELEASE": release}))


def build_definition(app: App, release: str, name: str) -> dict[str, Any]:
    """Return `build` of a service, with paths below the release's source."""
    build = dict(app.services[name]["build"] or {})
    build["context"] = str(app.release_directory(release) / "source" / build.get("context", ""))
    if app.build_ca_bundle:
        build["secrets"] = [*build.get("secrets", []), "ca_bundle"]
    return build


def environment_of(app: App, document: Any, extra: Mapping[str, str]) -> dict[str, Any]:
    """Return the variables that a document's .env must hold, and none that the document does not refer to."""
    values = {**app.env, **extra, **app.secrets}
    return {name: values[name] for name in sorted(variables.names(document)) if name in values}


def variable_problems(app: App, extra: Mapping[str, str], prefix: str) -> list[str]:
    """Find variables that services refer to and nothing defines, or that are not valid. `prefix` begins the names of
    the declaration's variables, such as `app_compose_`."""
    cure = f"{prefix}env or {prefix}secret_env"
    public = {**app.env, "RELEASE": ""}
    every = {**public, **extra, **app.secrets}
    found = []
    for part, services in (("services", app.services), ("data_services", app.data_services)):
        for name, service in services.items():
            place = f"{prefix}{part}.{name}"
            image, rest = service.get("image", ""), {key: item for key, item in service.items() if key != "image"}
            found += variables.problems(rest, every, place, cure)
            if told := sorted(variables.names(image) & {*app.secrets, *extra} - {"RELEASE"}):
                found.append(f"{place}.image uses {', '.join(told)}: the name of an image is public. Use {prefix}env.")
            else:
                found += variables.problems(image, public, f"{place}.image", f"{prefix}env")
    return found


def build_problems(app: App, extra: Mapping[str, str], prefix: str) -> list[str]:
    """Find build arguments that hold secrets, and a `build_env` that is incomplete or outside of the source."""
    found = []
    secret = {*app.secrets, *extra} - {"RELEASE"}
    for name in app.built:
        if told := sorted(variables.names(app.services[name]["build"]) & secret):
            found.append(
                f"{prefix}services.{name}.build uses {', '.join(told)}: image layers keep build arguments for"
                " everybody who has the image. Give secrets in `environment`, at run time."
            )
        env = app.services[name].get("build_env")
        if env is not None and set(env) != {"file", "values"}:
            found.append(f"{prefix}services.{name}.build_env needs file and values.")
        elif env and (env["file"].startswith("/") or ".." in env["file"].split("/")):
            found.append(f"{prefix}services.{name}.build_env.file must be below the source: {env['file']} is not.")
    return found


def build_env_files(app: App, release: str) -> dict[Path, str]:
    """Return files of variables that a build reads from its source, such as Next.js' .env.production, by path."""
    source = app.release_directory(release) / "source"
    given = [app.services[name].get("build_env") for name in app.built]
    return {source / env["file"]: to_dotenv(env["values"], sort=True) for env in given if env}


def fingerprint(app: App, more: Any = None) -> str:
    """Return a digest of all that the containers of a release would see. Secrets count, and cannot be read from it."""
    parts = [
        {name: {k: v for k, v in s.items() if k not in ("checks", "assets")} for name, s in app.services.items()},
        {name: (app.env | app.secrets).get(name) for name in sorted(variables.names(app.services))},
        app.build_ca_bundle,
        more,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
