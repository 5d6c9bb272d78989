# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Understands an app by its files: what app.yml will say, what was assumed and what could not be told. Pure."""

from __future__ import annotations

from typing import Any

from .environment import add_presets, examples_of, gather, interpret
from .frameworks import CLIENTS, migration_of
from .model import App, Service
from .routes import set_checks, set_locations, set_ports
from .services import find_services, without_dockerfile
from .tree import Tree
from .variables import Parts, meaning, vault_name


def understand(tree: Tree, source: dict[str, Any], project: str) -> App:
    """Return the app that lies in a folder."""
    app = App(source, tree.origin)
    composed = find_services(tree, app)
    if not app.services:
        return unknown(source, "there is neither a Dockerfile nor a compose file with `build`", app)
    app.notes.found += [f"{service.name} is {_is(service)}" for service in app.services if _is(service)]
    known = gather(tree, app, bool(composed.built))
    set_ports(app, examples_of(tree))
    interpret(app, known, add_presets(app, known, composed, project))
    set_locations(app)
    set_checks(tree, app)
    _set_release_command(tree, app)
    _set_rest(app)
    for name in composed.secrets:  # between the app and a data service, which both are ours
        app.variables.yours.pop(name, None)
        app.variables.todo.pop(name, None)
        app.variables.generated[name] = vault_name(name)
    for name in composed.variables:
        app.variables.add(name, meaning(name, known.get(name, ""), Parts()))
    _tell(app, composed.left_out, composed.unpinned)
    app.notes.todo += [
        f"{folder} has no Dockerfile, so it is no service" for folder in without_dockerfile(tree, app.services)
    ]
    return app


def unknown(source: dict[str, Any], why: str, app: App | None = None) -> App:
    """Return an app of which nothing is known but where it is."""
    app = app or App(source)
    service = Service(
        "web", todo=["build: the Dockerfile below the source's root", "port: the one inside of the container"]
    )
    service.todo.append("checks: a path that answers 200")
    app.services = [service]
    app.locations = [{"path": "/", "service": "web"}]
    app.notes.todo.append(f"{why}: say in app_services what runs")
    return app


def _is(service: Service) -> str:
    if service.is_worker:
        return "a worker: it gets no visitors"
    return service.framework.name


def _set_release_command(tree: Tree, app: App) -> None:
    """Find what migrates the database, in the first service that can; one without a page before one with."""
    for service in sorted(app.services, key=lambda service: (service.is_worker, service.framework.is_page)):
        migration = migration_of(tree, service.folder, service.part)
        if migration:
            app.release_command = {"service": service.name, "command": list(migration.command)}
            app.migrations = [migration.files] if migration.files else []
            app.notes.todo += [f"{service.name}: {migration.todo}"] if migration.todo else []
            doubt = f", and {migration.doubt}" if migration.doubt else ""
            command = " ".join(migration.command)
            app.notes.assumed.append(f"`{command}` in {service.name} migrates the database{doubt}")
            return


def _set_rest(app: App) -> None:
    for service in app.services:
        if service.framework.name == "Next.js" and (place := service.stage.place_of(".next/static")):
            service.assets = {"/_next/static": place}
        app.volumes += [volume.split(":")[0] for volume in service.volumes]
    app.volumes = sorted(set(app.volumes))


def _tell(app: App, left_out: dict[str, str], unpinned: list[str]) -> None:
    app.notes.found += [f"{name} of the compose file, which is left out: {why}" for name, why in left_out.items()]
    if foreign := [name for name, given in app.data.items() if "image" in given]:
        app.notes.assumed.append(
            f"what is not built here runs beside all releases, as data services do: {', '.join(foreign)}"
        )
    app.notes.todo += [f"{name}: give its image a version, so that it stays what it is" for name in unpinned]
    for preset, packages in CLIENTS.items():
        for service in app.services:
            if preset not in app.kinds and (used := sorted(packages & service.part.packages)):
                app.notes.todo.append(
                    f"{service.name} has the package {used[0]}, and no variable speaks of {preset}: if it is needed,"
                    " declare it in app_data_services, and its address in the service's `environment`"
                )
    app.notes.todo += [todo for name, todo in app.variables.todo.items() if name not in app.variables.yours]
    for name in app.variables.yours:
        app.notes.todo.append(f"{name}: put {vault_name(name)} into the vault, for somebody else gives it")
    if app.variables.generated:
        names = ", ".join(app.variables.generated)
        app.notes.assumed.append(
            f"only the app itself needs to know {names}, so that the first run draws them by chance"
        )
