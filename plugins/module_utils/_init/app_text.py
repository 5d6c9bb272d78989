# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes group_vars/all/app.yml: what runs, with `# TODO` where the app's files did not say it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .arguments import Wish
from .model import App, Service
from .variables import is_own
from .yaml_text import block, comment, line, scalar, short

_EXAMPLES = {
    "port": "port: 3000",
    "checks": "checks: [{path: /health}]",
    "build": "build: {dockerfile: Dockerfile}",
}


def app_text(app: App, wish: Wish) -> str:
    """Return the text of the file."""
    lines = [
        "---",
        *comment(
            "What runs. `ansible-doc -t role izzzi.infra.app_compose` explains every input; app_X is its app_compose_X."
        ),
    ]
    lines += [*_source(app), *_variables(app), *_data(app), *_services(app), *_release(app), *_site(app, wish)]
    return "\n".join(lines) + "\n"


def _source(app: App) -> Iterator[str]:
    yield from block("app_source", app.source)
    if "path" in app.source:
        yield "  # The folder as it is. For releases that others can repeat, in place of `path` a commit:"
        yield f"  # repository: {app.origin or 'git@github.com:your-team/your-app.git'}"
        yield "  # revision: 0f2c9a41d7b3e2a1c4d5e6f708192a3b4c5d6e7f"


def _variables(app: App) -> Iterator[str]:
    variables = app.variables
    if variables.env:
        yield ""
        yield "# For ${NAME} in the services. `app_url` is where visitors find the app, with https once there is TLS."
        comments = {name: f"TODO {todo.removeprefix(name).strip()}" for name, todo in variables.todo.items()}
        yield from block("app_env", {name: scalar(value) for name, value in variables.env.items()}, 0, comments)
    if variables.generated:
        yield ""
        yield "# Drawn by the first run into vault.yml beside this file, and never changed after that."
        yield from block("app_secrets", {vault: _strength(name) for name, vault in variables.generated.items()})
    if secrets := {**variables.generated, **variables.yours}:
        yield ""
        yield "# The same for secrets. What is not among app_secrets is yours to add: ansible-vault edit vault.yml"
        comments = dict.fromkeys(variables.yours, "TODO put it into the vault")
        yield from block("app_secret_env", {name: f"{{{{ {vault} }}}}" for name, vault in secrets.items()}, 0, comments)


def _strength(name: str) -> dict[str, Any]:
    """Return the options of a secret. Libraries of ciphers mostly ask for 32 bytes, which is the default."""
    return {} if "ENCRYPT" in name or not is_own(name) else {"length": 64}


def _data(app: App) -> Iterator[str]:
    if app.data:
        yield ""
        yield "# Whole definitions, tested; what differs is said here: ansible-doc -t filter izzzi.infra.expand_presets"
        yield from short("app_data_services", app.data)
    if app.volumes:
        yield ""
        yield from short("app_volumes", {name: {} for name in app.volumes})


def _services(app: App) -> Iterator[str]:
    yield ""
    yield "# What a release replaces, beside the one that is live. `port` is that inside the container; nginx finds it."
    yield "app_services:"
    for service in app.services:
        yield from _service(service)


def _service(service: Service) -> Iterator[str]:
    yield f"  {service.name}:"
    yield line("build", service.build(), 4)
    if service.port:
        yield f"    port: {service.port}"
    if service.command is not None:
        yield line("command", service.command, 4)
    if service.is_worker:
        yield "    start: after_switch # it must not run twice: it starts when the old release's has stopped"
        if service.stage.health_path:
            yield "    healthcheck: {disable: true} # the image's own asks a port that this service does not have"
    if service.volumes:
        yield line("volumes", list(service.volumes), 4)
    yield from block("environment", {name: scalar(text) for name, text in service.environment.items()}, 4)
    yield from _build_env(service)
    if service.assets:
        yield line("assets", service.assets, 4, "static files of all kept releases stay reachable")
    if service.checks:
        yield line("checks", service.checks, 4)
    for sentence in service.todo:
        yield from comment(f"TODO {sentence}", 4)
        if example := next((text for word, text in _EXAMPLES.items() if f"`{word}`" in sentence), ""):
            yield f"    # {example}"


def _build_env(service: Service) -> Iterator[str]:
    if service.build_values:
        folder = f"{service.folder}/" if service.folder else ""
        yield "    # A build bakes these in. Other values are another release; never for secrets."
        yield "    build_env:"
        yield f"      file: {folder}.env.production"
        comments = {name: "TODO no value was found" for name, value in service.build_values.items() if value == ""}
        yield from block("values", {name: scalar(text) for name, text in service.build_values.items()}, 6, comments)


def _release(app: App) -> Iterator[str]:
    if app.release_command:
        yield ""
        yield "# Runs once for every new release, in its image, before its containers start."
        yield line("app_release_command", app.release_command)
    if app.migrations:
        yield line("app_migrations", app.migrations, 0, "read before they run: what destroys data asks first")


def _site(app: App, wish: Wish) -> Iterator[str]:
    yield ""
    yield "app_site: # which path goes to which service"
    if wish.domain:
        yield f"  # Once {wish.domain} points to the droplet, take the # from these two lines, and run site.yml again:"
        yield f"  # server_names: [{', '.join(wish.names)}]"
        yield "  # tls: {source: acme}"
    yield "  locations:"
    yield from (f"    - {_location(row)}" for row in app.locations)
    if wish.domain:
        yield f"# nginx_acme_email: you@{wish.domain} # goes with `tls`: the authority writes there"


def _location(row: Mapping[str, Any]) -> str:
    return line("x", row).removeprefix("x: ")
