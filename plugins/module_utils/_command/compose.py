# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app on one server, as the command asks it: the verbs of the module release, and its containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from .._app.logs import Asked, Source
from .._compose.jobs import Server, place_of
from .._compose.operate import sources
from .._compose.run import Run
from .._compose.status import live_lines
from .._compose.verbs import ACTIONS
from .settings import App, CommandFailed, typed_by

# What a call may leave out, as the module's arguments.
DEFAULTS: Mapping[str, Any] = {
    **{name: {} for name in ("services", "data_services", "volumes", "env", "secret_env")},
    **dict.fromkeys(("job", "service", "since", "grep", "build_ca_bundle", "source", "archive", "edge_directory"), ""),
    "lines": None,
    "first_port": 0,
}


class Runner:
    def __init__(self, app: App, owner: str):
        self.app = app
        self.owner = owner

    def run(self, **params: Any) -> Run:
        known = {"services": {}, "hidden": self.app.hidden, "jobs": self.app.jobs, **typed_by(self.owner)}
        given = {**DEFAULTS, **self.app.params, **known, **params}
        return Run({**given, "lock": {**(given.get("lock") or {}), "owner": self.owner}}, False)

    def act(self, verb: str, **params: Any) -> dict[str, Any]:
        run = self.run(**params)
        return run.outcome(verb).of(lambda: ACTIONS[verb](run))

    def explained(self) -> AbstractContextManager:
        """Let what fails be what it is: on one server it is in words already."""
        return nullcontext()

    def place(self) -> Server:
        """Return where jobs run."""
        return place_of(self.run())

    def ps(self) -> list[str]:
        return live_lines(self.act("info")["app"]) or ["nothing runs"]

    def sources(self, wanted: Asked, *more: str) -> list[Source]:
        return sources(self.run(), wanted, *more)

    def container(self, service: str) -> str:
        """Return the id of a container of the live release, or of a data service, that runs."""
        t = self.run().live()
        found = [c for compose in (t.data, t.compose(t.live.colour)) for c in compose.containers()]
        running = [c for c in found if c.service == service and c.status == "running"]
        if not running:
            known = ", ".join(sorted({c.service for c in found if c.status == "running"})) or "none"
            raise CommandFailed(f"{service} does not run on this host. There run: {known}.")
        return running[0].id

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return what runs a command in a container: it has the app's variables itself."""
        return [*command]
