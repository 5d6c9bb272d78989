# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which variables each service has, and what they are in the new environment. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace

from .._app.variables import in_order
from .compose import Composed, default_of, referred
from .frameworks import STATIC, uses_postgres
from .model import App, Service
from .tree import EXAMPLES, Tree
from .variables import PUBLIC, Meaning, Parts, is_secret, meaning, names_in

_OF_PAGES = re.compile(r"NEXTAUTH_|AUTH_(?:URL|SECRET|TRUST_HOST)")


def examples_of(tree: Tree) -> dict[str, str]:
    """Return the text of the `.env.example` of each folder that has one."""
    folders = {posixpath.dirname(name) for name in tree.texts if posixpath.basename(name) in EXAMPLES}
    return {folder: tree.text(folder, *EXAMPLES) for folder in sorted(folders)}


def gather(tree: Tree, app: App, has_compose: bool) -> dict[str, str]:
    """Give each service the variables of the examples that speak of it. Return all examples by variable."""
    examples = {folder: names_in(text) for folder, text in examples_of(tree).items()}
    for service in app.services:
        if service.folder:
            service.raw = {**examples.get(service.folder, {}), **service.raw}
        if uses_postgres(tree, service.folder) and not service.is_worker:
            service.raw.setdefault("DATABASE_URL", "postgresql://")
    if not has_compose:
        _share(examples.get("", {}), app.services)
    known: dict[str, str] = {}
    for values in examples.values():
        known |= values
    return known


def _share(example: dict[str, str], services: list[Service]) -> None:
    """Give what the example at the root says to whom it seems to be for."""
    working = [service for service in services if not service.framework.is_page] or services
    pages = [service for service in services if service.framework.is_page] or services
    for name, value in example.items():
        for service in pages if PUBLIC.match(name) or _OF_PAGES.match(name) else working:
            if name != "PORT" or len(services) == 1:
                service.raw.setdefault(name, value)


def add_presets(app: App, known: dict[str, str], composed: Composed, project: str) -> Parts:
    """Add the data services that variables speak of and that nobody declares. Return the names of all."""
    app.data, app.volumes = dict(composed.data), list(composed.volumes)
    parts = _parts(app, composed, project)
    for service in app.services:
        for name, value in service.raw.items():
            need = _interpret(name, value, known, parts, service)[1].needs
            if need and need not in app.data:
                app.data[need] = {}
                app.notes.assumed.append(f"{need} is a data service of the app, since {service.name} has {name}")
                parts = replace(parts, **{need: need})
    return parts


def _parts(app: App, composed: Composed, project: str) -> Parts:
    postgres = composed.preset("postgres")
    own = re.sub(r"[^a-z0-9_]", "_", project.lower())
    database = app.data.get(postgres, {}).get("database", own)
    return Parts(postgres, database, composed.preset("redis"), composed.preset("mail"))


def interpret(app: App, known: dict[str, str], parts: Parts) -> None:
    """Say of every variable what it is, in the service and in the app's variables."""
    for service in app.services:
        for name, value in service.raw.items():
            source, found = _interpret(name, value, known, parts, service)
            if PUBLIC.match(name) and service.framework.is_page and found.value is not None:
                service.build_values[name] = found.value
            elif name in service.literal and found.value is not None and source == name:
                service.environment[name] = found.value
            elif service.framework is not STATIC:
                service.environment[name] = found.text
                app.variables.add(source, found)
                for other in in_order(value or "") if found.value is None and not found.secret else ():
                    _refer(app, other, known, parts, found)
        service.args = {name: _argument(name, value, known) for name, value in service.args.items()}


def _refer(app: App, name: str, known: dict[str, str], parts: Parts, found: Meaning) -> None:
    """Declare a variable that stands in the text of another one."""
    if re.search(rf"\$\{{{name}(:?\?[^}}]*)?\}}", found.text) and name not in (
        "DATABASE_USER",
        "DATABASE_PASSWORD",
        "REDIS_PASSWORD",
        "RELEASE",
    ):
        app.variables.add(name, meaning(name, known.get(name, ""), parts))


def _interpret(
    name: str, value: str | None, known: dict[str, str], parts: Parts, service: Service
) -> tuple[str, Meaning]:
    """Return under which name the app's variables know a variable, and what it is."""
    if value is None:
        return name, meaning(name, known.get(name, ""), parts, service.port)
    if reference := referred(value):
        source, default = reference
        found = meaning(name, known.get(source, default) or default, parts, service.port)
        return source, replace(found, text=found.text.replace(f"${{{name}}}", f"${{{source}}}"))
    if "$" not in value:
        return name, meaning(name, value, parts, service.port)
    found = meaning(name, default_of(value), parts, service.port)
    if found.value is not None and not is_secret(name, value):
        return name, Meaning(re.sub(r"(?<!\$)\$(\w+)", r"${\1}", value))  # a text with variables in it stays as it is
    return name, found


def _argument(name: str, value: str, known: dict[str, str]) -> str:
    """Return an argument of a build, which is no place for a secret."""
    reference = referred(value)
    text = known.get(reference[0], reference[1]) if reference else default_of(value)
    found = meaning(name, text, Parts())
    return found.value if found.value is not None else "" if found.secret else text
