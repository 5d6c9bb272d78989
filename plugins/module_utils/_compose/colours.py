# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app in two colours: which service gets which name, port, network and Compose document. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._app.app import App, build_definition, mounted
from .._app.docker_words import COMPOSE_PROJECT
from .._app.problems import dictionary_problems

COLOURS = ("blue", "green")
PORTS_PER_COLOUR = 100
# What a service says to the role and not to Compose.
OWN_KEYS = ("port", "replicas", "checks", "assets", "build_env", "start")


@dataclass(frozen=True)
class ColouredApp(App):
    """An app with a name, a directory and ports for each of its colours."""

    first_port: int = 20000

    def colour_project(self, colour: str) -> str:
        return f"{self.project}-{colour}"

    def colour_directory(self, colour: str) -> Path:
        return self.directory / colour

    def ports(self, colour: str) -> dict[str, list[int]]:
        """The loopback ports of each service with a port, one per replica. The colours' ranges never overlap."""
        result, port = {}, self.first_port + PORTS_PER_COLOUR * COLOURS.index(colour)
        for name, replicas in self.replicas.items():
            if self.services[name].get("port"):
                result[name] = list(range(port, port + replicas))
                port += replicas
        return result


def other(colour: str | None) -> str:
    """The colour that a new release takes when this one is live."""
    return COLOURS[0] if colour != COLOURS[0] else COLOURS[1]


def colour_document(app: ColouredApp, release: str, colour: str) -> dict[str, Any]:
    """The Compose document of the stateless services in one colour."""
    ports = app.ports(colour)
    # Of the app and not of a document, since data services, which may come and go, are in both colours' networks.
    network = {"name": app.colour_project(colour), "external": True}
    document: dict[str, Any] = {
        "services": {name: _service(app, release, name, ports.get(name, [])) for name in app.services},
        "networks": {"default": network},
    }
    if used := _used_volumes(app, app.services):
        document["volumes"] = {name: {"name": app.volume_name(name), "external": True} for name in used}
    if app.build_ca_bundle and app.built:
        document["secrets"] = {"ca_bundle": {"file": app.build_ca_bundle}}
    return document


def _service(app: ColouredApp, release: str, name: str, ports: list[int]) -> dict[str, Any]:
    declared = app.services[name]
    service = {"restart": "unless-stopped"} | {k: v for k, v in declared.items() if k not in OWN_KEYS}
    service["image"] = app.image(name, release)  # pulled ones too: so a release stays what it was when a tag moves
    if "build" in declared:
        service["build"] = build_definition(app, release, name)
    if ports:
        host = str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}"
        service["ports"] = [*declared.get("ports", []), f"127.0.0.1:{host}:{declared['port']}"]
    if int(declared.get("replicas", 1)) > 1:
        service["scale"] = int(declared["replicas"])
    return service


def data_document(app: ColouredApp) -> dict[str, Any]:
    """The Compose document of the data services. They are in both colours' networks, so that colours are strangers."""
    networks = ["default", *COLOURS]
    services = {}
    for name, declared in app.data_services.items():
        given = declared.get("networks", {})
        merged = given if isinstance(given, Mapping) else dict.fromkeys(given)
        services[name] = {
            "restart": "unless-stopped",
            **declared,
            "networks": dict.fromkeys(networks) | dict(merged),
        }
    document: dict[str, Any] = {
        "services": services,
        "networks": {colour: {"name": app.colour_project(colour), "external": True} for colour in COLOURS},
    }
    if used := _used_volumes(app, app.data_services):
        document["volumes"] = {name: app.volumes[name] or {} for name in used}
    return document


def _used_volumes(app: ColouredApp, services: Mapping[str, dict]) -> list[str]:
    """The declared volumes that the services mount, in the order of their declaration."""
    used = mounted(services)
    return [name for name in app.volumes if name in used]


def colour_volumes(app: ColouredApp) -> dict[str, Mapping[str, Any]]:
    """The volumes that only stateless services mount, by Docker's name: no document makes them. Not external ones."""
    data = _used_volumes(app, app.data_services)
    mine = [name for name in _used_volumes(app, app.services) if name not in data]
    declared = {name: app.volumes[name] or {} for name in mine}
    return {app.volume_name(name): options for name, options in declared.items() if not options.get("external")}


def volume_command(app: ColouredApp, name: str, declared: Mapping[str, Any]) -> list[str]:
    """`docker volume create`, which leaves a volume that is there as it is."""
    flags = ["--driver", str(declared["driver"])] if declared.get("driver") else []
    for option, value in (declared.get("driver_opts") or {}).items():
        flags += ["--opt", f"{option}={value}"]
    labels = declared.get("labels") or {}
    given = [f"{k}={v}" for k, v in labels.items()] if isinstance(labels, Mapping) else labels
    for label in (f"{COMPOSE_PROJECT}={app.project}", *given):
        flags += ["--label", label]
    return ["docker", "volume", "create", *flags, name]


def shape_problems(app: ColouredApp) -> list[str]:
    """What is not of the form that all the rest takes for granted."""
    found = dictionary_problems(app.services, "app_compose_services")
    found += dictionary_problems(app.data_services, "app_compose_data_services")
    for name, service in app.services.items():
        if isinstance(service, Mapping):
            found += _number_problems(f"app_compose_services.{name}", service)
            found += _build_shape(f"app_compose_services.{name}", service)
    return found or _room_problems(app)


def _number_problems(place: str, service: Mapping) -> list[str]:
    limits = {"port": 65535, "replicas": PORTS_PER_COLOUR}
    return [
        f"{place}.{key} must be a whole number from 1 to {limit}; it is {service[key]!r}."
        for key, limit in limits.items()
        if key in service and not (re.fullmatch(r"\d{1,5}", str(service[key])) and 1 <= int(service[key]) <= limit)
    ]


def _build_shape(place: str, service: Mapping) -> list[str]:
    kinds = {"build": (Mapping, "a dictionary"), "ports": (list, "a list"), "volumes": (list, "a list")}
    kinds |= {"checks": (list, "a list"), "assets": (Mapping, "a dictionary")}
    return [
        f"{place}.{key} must be {words}; it is {service[key]!r}."
        for key, (kind, words) in kinds.items()
        if service.get(key) is not None and not isinstance(service[key], kind)
    ]


def _room_problems(app: ColouredApp) -> list[str]:
    """A colour has room for so many containers that listen."""
    listening = sum(replicas for name, replicas in app.replicas.items() if app.services[name].get("port"))
    if listening <= PORTS_PER_COLOUR:
        return []
    return [f"app_compose_services: {listening} replicas with a port in all; a colour has {PORTS_PER_COLOUR} ports."]


def render(document: Mapping[str, Any]) -> str:
    """Write JSON, which is YAML: the host needs no YAML library, and diffs show one value a line."""
    return json.dumps(document, indent=2) + "\n"
