# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's own compose file says: services that are built, data services, and what has no place here. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._app.values import pairs, read_mount
from .._app.variables import Variable, VariableError, filled, missing, parse
from .._secrets.dotenv import NAME
from .dockerfile import health_path
from .variables import is_secret

_PRESETS = {
    "postgres": ("postgres", "postgis"),
    "redis": ("redis", "valkey"),
    "mail": ("maildev", "mailhog", "mailpit", "mailcatcher"),
}
# What people start beside an app, and what the collection does itself.
_TOOLS = {
    **dict.fromkeys(
        ("nginx", "traefik", "caddy", "haproxy", "nginx-proxy-manager"), "nginx of this collection is in front"
    ),
    **dict.fromkeys(("adminer", "pgadmin4", "phpmyadmin", "redis-commander", "redisinsight"), "a tool for development"),
    **dict.fromkeys(("watchtower", "portainer-ce", "visualizer"), "the collection releases and shows services itself"),
}
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,62}")


@dataclass(frozen=True)
class Built:
    """A service that is built from the source."""

    name: str
    context: str
    dockerfile: str  # below the source's root
    target: str = ""
    args: Mapping[str, str] = field(default_factory=dict)
    command: Any = None
    ports: tuple[int, ...] = ()
    environment: Mapping[str, str | None] = field(default_factory=dict)
    env_files: tuple[str, ...] = ()
    health: str = ""
    volumes: tuple[str, ...] = ()


@dataclass
class Composed:
    """What the file has, sorted."""

    built: list[Built] = field(default_factory=list)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)  # as app_data_services
    volumes: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)  # by service the reason
    unpinned: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)  # names that data services need
    variables: list[str] = field(default_factory=list)  # and that their images have

    def preset(self, kind: str) -> str:
        """Return the name of the data service that is this preset."""
        named = (
            name for name, given in self.data.items() if given.get("preset", name) == kind and "image" not in given
        )
        return next(named, "")


def read(document: Any, file: str) -> Composed:
    """Sort the services of a compose file."""
    found = Composed()
    services = document.get("services") if isinstance(document, Mapping) else None
    for name, service in (services or {}).items() if isinstance(services or {}, Mapping) else ():
        if not isinstance(service, Mapping) or not _NAME.fullmatch(str(name)):
            continue
        if service.get("profiles"):
            found.left_out[name] = (
                f"it starts with a profile of Compose only ({', '.join(map(str, _list(service['profiles'])))})"
            )
        elif service.get("build") is not None:
            found.built.append(_built(name, service, posixpath.dirname(file)))
        elif image := str(service.get("image") or ""):
            _add_image(found, name, image, service)
    return found


def _built(name: str, service: Mapping[str, Any], folder: str) -> Built:
    build = service["build"] if isinstance(service["build"], Mapping) else {"context": service["build"]}
    context = posixpath.normpath(posixpath.join(folder, str(build.get("context") or ".")))
    dockerfile = posixpath.normpath(posixpath.join(context, str(build.get("dockerfile") or "Dockerfile")))
    check = service.get("healthcheck")
    test = check.get("test") if isinstance(check, Mapping) else ""
    return Built(
        name,
        context,
        dockerfile,
        str(build.get("target") or ""),
        {key: value for key, value in _pairs(build.get("args")).items() if value is not None},
        service.get("command") or None,
        tuple(_ports(service)),
        _pairs(service.get("environment")),
        tuple(posixpath.normpath(posixpath.join(folder, path)) for path in _paths(service.get("env_file"))),
        health_path(" ".join(map(str, test)) if isinstance(test, list) else str(test)),
        tuple(_named_volumes(service)),
    )


def _list(given: Any) -> list[Any]:
    """Return a list, or an empty one for what Compose would refuse: it is not ours to judge here."""
    return given if isinstance(given, list) else []


def _pairs(given: Any) -> dict[str, str | None]:
    found = pairs(given) if isinstance(given, (Mapping, list)) else {}
    return {name: value for name, value in found.items() if NAME.fullmatch(name)}


def _paths(given: Any) -> Iterator[str]:
    for item in given if isinstance(given, list) else [given] if given else []:
        yield str(item.get("path") if isinstance(item, Mapping) else item)


def _ports(service: Mapping[str, Any]) -> Iterator[int]:
    """Go through the ports inside of the container."""
    for item in [*_list(service.get("ports")), *_list(service.get("expose"))]:
        text = default_of(str(item.get("target") if isinstance(item, Mapping) else item)).partition("/")[0]
        last = text.rpartition(":")[2]
        if last.isdecimal():
            yield int(last)


def _named_volumes(service: Mapping[str, Any]) -> Iterator[str]:
    for item in _list(service.get("volumes")):
        mount = read_mount(item)
        if mount.kind == "volume" and re.fullmatch(r"[\w-][\w.-]*", mount.source):
            yield f"{mount.source}:{mount.target}{':ro' if mount.read_only else ''}"


def _add_image(found: Composed, name: str, image: str, service: Mapping[str, Any]) -> None:
    found.variables += _without_default(image)
    word, _colon, tag = posixpath.basename(image).partition(":")
    preset = next((preset for preset, images in _PRESETS.items() if word in images), "")
    if word in _TOOLS:
        found.left_out[name] = _TOOLS[word]
    elif preset and not found.preset(preset):
        found.data[name] = _preset(name, preset, tag, _pairs(service.get("environment")))
    else:
        found.data[name] = _definition(found, image, service)
        if tag in ("", "latest") and "@" not in image:
            found.unpinned.append(name)


def _preset(name: str, preset: str, tag: str, environment: Mapping[str, str | None]) -> dict[str, Any]:
    declared: dict[str, Any] = {} if name == preset else {"preset": preset}
    version = re.match(r"\d+(?:\.\d+)*", tag)
    if preset == "mail":
        return declared
    if version:
        number = version[0]
        declared["version"] = int(number) if number.isdecimal() else number
    if preset == "postgres":
        for key, variable in (("database", "POSTGRES_DB"), ("user", "POSTGRES_USER")):
            value = default_of(environment.get(variable) or "")
            if re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value):
                declared[key] = value
    return declared


def _definition(found: Composed, image: str, service: Mapping[str, Any]) -> dict[str, Any]:
    """Take a data service over that no preset knows. Secrets in it become variables."""
    declared: dict[str, Any] = {"image": image}
    environment = {}
    for name, value in _pairs(service.get("environment")).items():
        if value is None or is_secret(name, value):
            environment[name] = f"${{{name}}}"
            found.secrets += [name] if is_secret(name, value or "") else []
        else:
            environment[name] = default_of(value).replace("$", "$$")  # it is a text with variables again
    if environment:
        declared["environment"] = environment
    if service.get("command"):
        declared["command"] = service["command"]
    if volumes := list(_named_volumes(service)):
        declared["volumes"] = volumes
        found.volumes += [volume.split(":")[0] for volume in volumes]
    return declared


def default_of(value: str) -> str:
    """Return a value with the defaults of its variables in their place."""
    return filled(value, {})


def referred(value: str) -> tuple[str, str] | None:
    """Return the variable that a value is as a whole, and its default."""
    try:
        parts = parse(value)
    except VariableError:
        return None
    if len(parts) != 1 or not isinstance(parts[0], Variable):
        return None
    return parts[0].name, default_of(value)


def _without_default(value: str) -> list[str]:
    try:
        return list(missing(value, {}))
    except VariableError:
        return []
