# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app's own compose file says of its services, for a release in two colours. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from .service_rules import with_replicas
from .values import pairs, read_mount

# The role's own business: names, ports and networks are of a colour, and colours are not started by Compose's order.
_DROPPED = ("container_name", "ports", "expose", "networks", "links", "depends_on", "profiles", "restart")
# What would need files that a release does not have on the host, with what to say instead.
_REFUSED = {
    "env_file": "name the variables in `environment`",
    "extends": "say here what the other service says",
    "secrets": "name them in `environment`, from %ssecret_env",
    "configs": "put the files into the image",
}


def merge(
    document: Any,
    file: str,
    services: Mapping[str, Any],
    data_services: Mapping[str, Any],
    volumes: Mapping[str, Any],
    prefix: str = "app_compose_",
) -> dict[str, dict]:
    """Return the declared services, completed from the file. ValueError names all that does not fit,
    with variables whose names begin with `prefix`."""
    given = document.get("services") if isinstance(document, Mapping) else None
    if not isinstance(given, Mapping):
        raise ValueError(f"{file} is not a compose file: it has no `services`.")
    problems: list[str] = []
    merged: list[dict] = []
    for part, declared in (("services", services), ("data_services", data_services)):
        merged.append({})
        for name, own in declared.items():
            definition, place = dict(own or {}), f"{prefix}{part}.{name}"
            if name in given:
                problems += _problems(prefix, place, file, given[name] or {}, definition)
                definition = _complete(file, given[name] or {}, definition)
            elif not {"image", "build"} & set(definition):
                problems.append(f"{place}: {file} has no such service; it has {', '.join(given)}.")
            if part == "data_services" and "build" in definition:
                problems.append(f"{place} is built from the source: give it an `image` and `build: null`.")
            merged[-1][name] = definition
    if problems:
        raise ValueError("\n".join(problems))
    return {
        "services": merged[0],
        "data_services": merged[1],
        "volumes": {**(document.get("volumes") or {}), **volumes},
    }


def _problems(prefix: str, place: str, file: str, given: Mapping, own: Mapping) -> Iterator[str]:
    for key, instead in _REFUSED.items():
        if given.get(key) and key not in own:
            yield f"{place}: {file} has `{key}`: {instead.replace('%s', prefix)}, and write `{key}: null` here."
    if "volumes" not in own and (
        bound := [v for v in given.get("volumes") or [] if read_mount(v).source.startswith((".", "~"))]
    ):
        yield f"{place}: {file} mounts {bound[0]}, which only a checkout has: write the `volumes` that it needs here."


def _complete(file: str, given: Mapping, own: Mapping) -> dict[str, Any]:
    definition = {key: value for key, value in given.items() if key not in _DROPPED}
    if "build" in definition:
        build = definition["build"]
        build = {"context": build} if isinstance(build, str) else dict(build)
        build["context"] = posixpath.normpath(posixpath.join(posixpath.dirname(file), build.get("context", ".")))
        definition["build"] = build
    environment = {**_environment(given.get("environment")), **_environment(own.get("environment"))}
    definition |= own
    if environment:
        definition["environment"] = environment
    return with_replicas({key: value for key, value in definition.items() if value is not None})


def _environment(given: Any) -> dict[str, Any]:
    """Return `environment` as a dictionary. In a list of NAME=value a name alone takes the variable of that name."""
    if isinstance(given, Mapping):
        return dict(given)
    return {name: f"${{{name}}}" if value is None else value for name, value in pairs(given).items()}
