# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the services of an app: from its compose file, else from its Dockerfiles. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

try:
    import yaml
except ImportError:  # a host without it: inventories are written on the controller
    yaml = None

from . import compose
from .dockerfile import parse, sources
from .frameworks import part_of
from .model import WORKER, App, Service
from .tree import COMPOSE_FILES, DOCKERFILE, EXAMPLES, Tree
from .variables import names_in

_FOLDERS = ("apps", "services", "packages", "")
_OTHER_PURPOSE = re.compile(r"dev(elopment)?|local|test(s|ing)?|ci|debug", re.IGNORECASE)
_DEVELOPING = re.compile(r"\bdev\b|--reload|--watch|nodemon|runserver|start:dev")
_LIVE = re.compile(r"prod(uction)?", re.IGNORECASE)


def find_services(tree: Tree, app: App) -> compose.Composed:
    """Fill in the app's services, and return what a compose file says beside."""
    composed = _compose_file(tree, app)
    app.services = [_from_compose(tree, _live(tree, built, app)) for built in composed.built]
    if not app.services:
        app.services = list(_from_dockerfiles(tree, app))
    for service in app.services:
        text = tree.texts.get(posixpath.normpath(posixpath.join(service.context, service.dockerfile)), "")
        service.stage = parse(text, service.target)
        service.part = part_of(tree, service.folder, service.stage)
        if service.context.startswith(".."):
            app.missing(service, f"{service.context} is outside of the app: give the folder that has both as `app`")
    for service in app.services:
        service.is_worker = _is_worker(service, app.services)
    return composed


def _compose_file(tree: Tree, app: App) -> compose.Composed:
    file = next((name for name in COMPOSE_FILES if name in tree.texts), "")
    if not file:
        return compose.Composed()
    try:
        document = yaml.safe_load(tree.texts[file])
    except yaml.YAMLError:
        app.notes.todo.append(f"{file} is not YAML that can be read, so nothing is taken from it")
        return compose.Composed()
    app.notes.found.append(f"{file}, from which services and data services are taken")
    return compose.read(document, file)


def _from_compose(tree: Tree, built: compose.Built) -> Service:
    inside = posixpath.relpath(built.dockerfile, built.context)
    if inside.startswith(".."):
        context, dockerfile = ".", built.dockerfile
    else:
        context, dockerfile = built.context, inside
    folder = _folder(tree, posixpath.dirname(built.dockerfile), built.name)
    return Service(
        *(built.name, context, dockerfile, folder, built.target),
        args=built.args,
        command=built.command,
        ports=built.ports,
        raw=_with_files(tree, built),
        literal=frozenset(name for name, value in built.environment.items() if "$" not in (value or "$")),
        health=built.health,
        volumes=built.volumes,
    )


def _live(tree: Tree, built: compose.Built, app: App) -> compose.Built:
    """Return the service without what is for development, as most compose files are."""
    changes: dict[str, Any] = {}
    if _OTHER_PURPOSE.fullmatch(built.target):
        changes["target"] = ""
    if _OTHER_PURPOSE.fullmatch(_called(built.dockerfile)[1]):
        plain = posixpath.join(posixpath.dirname(built.dockerfile), "Dockerfile")
        changes |= {"dockerfile": plain} if plain in tree.texts else {}
    if _DEVELOPING.search(str(built.command or "")):
        changes["command"] = None
    for name in changes:
        app.notes.assumed.append(f"{name} of {built.name} in the compose file is for development, and left out")
    return replace(built, **changes)


def _with_files(tree: Tree, built: compose.Built) -> dict[str, str | None]:
    """Return the variables of a service, with those of its env_file by the example that stands beside it."""
    found: dict[str, str | None] = {}
    for path in built.env_files:
        folder = posixpath.dirname(path)
        found |= names_in(tree.text("", f"{path}.example", f"{path}.sample") or tree.text(folder, *EXAMPLES))
    return {**found, **built.environment}


def _folder(tree: Tree, folder: str, name: str) -> str:
    """Return where the files of a service are: beside its Dockerfile, or in a folder of its name."""
    files = ("package.json", "pyproject.toml", "requirements.txt")
    if any(tree.has(posixpath.join(folder, file)) for file in files):
        return folder
    others = (posixpath.join(above, name) for above in _FOLDERS)
    return next((other for other in others if any(tree.has(f"{other}/{file}") for file in files)), folder)


def _from_dockerfiles(tree: Tree, app: App) -> Iterator[Service]:
    files = [name for name in sorted(tree.texts) if DOCKERFILE.fullmatch(posixpath.basename(name))]
    chosen: dict[str, str] = {}
    for file in files:
        name, purpose = _called(file)
        if _OTHER_PURPOSE.fullmatch(purpose):
            app.notes.found.append(f"{file}, which is for development and left out")
        elif name not in chosen or _LIVE.fullmatch(purpose):
            chosen[name] = file
    for name, file in chosen.items():
        folder = _folder(tree, posixpath.dirname(file), name)
        context = context_of(tree, file)
        service = Service(name, context, posixpath.relpath(file, context or "."), folder)
        app.notes.found.append(f"{file}, which is the service {name}")
        yield service


def _called(file: str) -> tuple[str, str]:
    """Return the name of the service that a Dockerfile makes, and its purpose, as in `Dockerfile.dev`."""
    base = posixpath.basename(file)
    head, _dot, tail = base.partition(".")
    word = tail if head.lower() == "dockerfile" else re.sub(r"(?i)\.?dockerfile.*", "", base)
    folder = posixpath.basename(posixpath.dirname(file))
    if word and not _OTHER_PURPOSE.fullmatch(word) and not _LIVE.fullmatch(word):
        return _plain(word), ""
    return _plain(folder) or "web", word


def _plain(name: str) -> str:
    """Return a name as Docker takes it for a service."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def context_of(tree: Tree, file: str) -> str:
    """Return from where a Dockerfile is built: its own folder, unless it copies what only the root has."""
    folder = posixpath.dirname(file)
    if not folder:
        return ""
    copied = sources(tree.texts[file])
    here = sum(tree.has(posixpath.join(folder, path)) for path in copied)
    at_root = sum(tree.has(path) for path in copied)
    return "" if at_root > here else folder


def _is_worker(service: Service, services: list[Service]) -> bool:
    """Return whether a service works in the background: nothing is said of a port, and it runs another command of an
    image that serves, or is called so."""
    if service.ports or service.health:
        return False
    shares = any(other is not service and other.image == service.image and other.ports for other in services)
    return bool(shares and service.command) or (
        bool(WORKER.search(service.name)) and (shares or not service.stage.ports or bool(service.command))
    )


def without_dockerfile(tree: Tree, services: list[Service]) -> list[str]:
    """Return folders of a monorepo's apps that have no Dockerfile."""
    known = {service.folder for service in services}
    manifests = (
        name for name in tree.texts if name.endswith("package.json") and name.startswith(("apps/", "services/"))
    )
    return sorted(folder for name in manifests if (folder := posixpath.dirname(name)) not in known)
