# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app in a Swarm, as the command asks it: the verbs of the module swarm_stack, and containers of this node."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from .._app.clients import informed
from .._app.docker_words import SWARM_SERVICE
from .._app.logs import Asked, Line, Source
from .._app.program import run as run_program
from .._swarm.engine import EngineError
from .._swarm.stack.jobs import Cluster
from .._swarm.stack.model import StackError
from .._swarm.stack.run import Run
from .._swarm.stack.status import service_lines
from .._swarm.stack.verbs import ACTIONS
from .settings import App, CommandFailed, typed_by

# What a call may leave out, as the module's arguments.
DEFAULTS: Mapping[str, Any] = {
    **{name: {} for name in ("services", "options", "secret_env", "secret_files", "release_command")},
    **dict.fromkeys(("job", "service", "since", "grep", "release", "source"), ""),
    "rebuild": False,
    "allow_zero": False,
    "lines": None,
    "lock_ttl": 60,
    "lock_wait": 0,
}
_NODE_ID = re.compile(r"\.(?:0|[0-9a-z]{25})@(\S+)$")


class Runner:
    def __init__(self, app: App, owner: str):
        self.app = app
        self.owner = owner

    def run(self, **params: Any) -> Run:
        known = {"hidden": self.app.hidden, "jobs": self.app.jobs, "owner": self.owner, **typed_by(self.owner)}
        return Run({**DEFAULTS, **self.app.params, **known, **params}, False)

    def place(self) -> Cluster:
        """Return where jobs run."""
        return Cluster(self.run())

    def act(self, verb: str, **params: Any) -> dict[str, Any]:
        run = self.run(**params)
        with self.explained():
            return run.outcome(verb).of(lambda: ACTIONS[verb](run))

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Raise what fails in the block as CommandFailed."""
        try:
            yield
        except (EngineError, StackError) as error:
            raise CommandFailed(self._explained(error)) from error

    def _explained(self, error: Exception) -> str:
        """A worker is asked about its own containers only."""
        if "not a swarm manager" not in str(error):
            return str(error)
        places = " or ".join(f"ssh -t {self.app.user}@{address} izzzi ..." for address in self.app.managers)
        return f"This node is a worker, and knows its own containers alone. Ask a manager: {places}"

    def ps(self) -> list[str]:
        return service_lines(self.act("info")["app"]) or ["nothing runs"]

    def sources(self, wanted: Asked, *more: str) -> list[Source]:
        with self.explained():
            swarm = self.run().swarm
            services = {**swarm.services(), **swarm.jobs_that_run()}
        names = {name.removeprefix(f"{self.app.app}_"): name for name in services}
        if unknown := [name for name in wanted.services if name not in names]:
            known = ", ".join(sorted(names)) or "none"
            raise CommandFailed(f"There is no service {', '.join(unknown)}. There are: {known}.")
        command = ("docker", "service", "logs", "--no-task-ids", *wanted.options, *more)
        return [
            Source(full, (*command, full), of_service)
            for name, full in sorted(names.items())
            if not wanted.services or name in wanted.services
        ]

    def container(self, service: str) -> str:
        """Return the id of a container of a service on this node. Raise CommandFailed with where there is one."""
        filters = [f"label={SWARM_SERVICE}={self.app.app}_{service}", "status=running"]
        options = [f"--filter={text}" for text in filters]
        if found := run_program(["docker", "container", "ls", "--quiet", "--no-trunc", *options]).split():
            return found[0]
        raise CommandFailed(self._place(service))

    def _place(self, service: str) -> str:
        with self.explained():
            run = self.run(service=service)
            name, _spec = run.named(run.swarm.specs())
            nodes = run.swarm.nodes()
            tasks = [task for task in run.swarm.tasks(name) if task.is_running and task.node in nodes]
            places = {task.node: nodes[task.node] for task in tasks}.values()
        if not places:
            return f"{service} does not run anywhere: izzzi ps."
        hosts = sorted((node.name, self.app.nodes.get(node.address, node.address)) for node in places)
        said = " or ".join(f"{name} (ssh -t {self.app.user}@{address} izzzi ...)" for name, address in hosts)
        return f"{service} does not run on this node, but on {said}."

    def inside(self, command: Sequence[str]) -> list[str]:
        """Return what runs a command in a container: secrets are in a file there."""
        return informed(command)


def of_service(_name: str, text: str) -> Line | None:
    """Read a line of `docker service logs --timestamps --no-task-ids`: time, `service.number@node`, a bar, words."""
    when, _blank, rest = text.rstrip("\r\n").partition(" ")
    who, separator, words = rest.partition("|")
    if not (separator and when[:1].isdigit()):
        return None
    return Line(when, _NODE_ID.sub(r".\1@\1", who.strip()), words.removeprefix(" "))
