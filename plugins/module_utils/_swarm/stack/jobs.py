# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where jobs run in a Swarm: services of one task that nobody starts again, and a ledger of configs, which all managers
share."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..._app.images import pulled
from ..._app.jobs import verbs
from ..._app.jobs.carrier import ENDED, MISSING, RUNS, JobError, Seen
from ..._app.jobs.ledger import Run as JobRun
from ..._app.jobs.ledger import dump, load, variables
from ..engine import Conflict, EngineError, NotFound
from ..labels import JOB_NAME, KIND, SERVICE
from ..node import Node
from ..service import stop_grace
from ..task import Task, describe
from .job import one_off
from .model import StackError
from .run import Run
from .stopped import is_stopped
from .store import live_release, object_name, relabel

ENTRY, TICKET = "job", "job-ticket"  # kinds of configs
LABEL = "izzzi.run"
TICKET_FILE = "/run/izzzi-job.json"
LINES = 2000
STOP_WAIT = 30.0  # seconds beside those that its containers may take to stop
# States that a manager alone gives a task: its node has not even acknowledged it.
UNBORN = ("new", "pending", "allocated", "assigned")
LONGEST = 63  # characters of a service's name


def service_name(project: str, entry: JobRun) -> str:
    name = f"{project}_{entry.job}-{entry.id}"
    return name if len(name) <= LONGEST else object_name(project, entry.job, entry.id)[:LONGEST].replace(".", "_")


def job_spec(spec: dict[str, Any], entry: JobRun, name: str, ticket: str) -> dict[str, Any]:
    """Make a run of one that `one_off` has made of the live service. Pure.

    It is a service of one task that is not restarted, and not one of Swarm's own jobs: of those another leader starts
    a task again that has failed.
    """
    container = spec["TaskTemplate"]["ContainerSpec"]
    container["Env"] = [*(container.get("Env") or []), *(f"{key}={value}" for key, value in variables(entry).items())]
    file = {"Name": TICKET_FILE, "UID": "0", "GID": "0", "Mode": 0o444}
    container["Configs"] = [*(container.get("Configs") or []), {"ConfigName": ticket, "File": file}]
    labels = {**spec["Labels"], SERVICE: entry.job, JOB_NAME: entry.job}
    return {**spec, "Name": name, "Labels": labels, "Mode": {"Replicated": {"Replicas": 1}}}


def seen_of(tasks: list[Task], nodes: dict[str, Node]) -> Seen:
    """Read a run's state from its tasks. Pure."""
    if not tasks:
        return Seen(RUNS, error="Swarm has not given it a task yet")
    task = max(tasks, key=lambda task: task.created)
    node = nodes[task.node].name if task.node in nodes else ""
    if task.state == "complete":
        return Seen(ENDED, 0, node)
    if task.state in ("shutdown", "remove", "orphaned"):
        return Seen(ENDED, task.exit_code or 1, node, "Swarm has ended it: its node was drained, or left the Swarm")
    if task.has_ended:
        return Seen(ENDED, task.exit_code or 1, node, describe(task, nodes))
    if not task.node_lives(nodes):
        return Seen(RUNS, node=node or "that was removed", is_away=True, is_unborn=task.state in UNBORN)
    return Seen(RUNS, node=node, error="" if task.state == "running" else describe(task, nodes))


class Cluster:
    """The place of jobs in a Swarm, as any of its managers sees it."""

    # Also while the Swarm chooses another leader.
    passing: tuple[type[Exception], ...] = (OSError, EngineError)

    def __init__(self, run: Run, clock: Callable[[], float] = time.monotonic, sleep: Callable = time.sleep):
        self.run = run
        self.swarm = run.swarm
        self.name = platform.node()
        self._clock = clock
        self._sleep = sleep

    # The ledger.
    def runs(self) -> list[JobRun]:
        found = []
        for item in self.swarm.objects("configs").values():
            if item["Spec"]["Labels"].get(KIND) == ENTRY:
                with suppress(ValueError):  # a damaged one counts as if it was never there
                    found.append(entry_of(item))
        return found

    def claim(self, run: JobRun) -> JobRun | None:
        name = self._entry(run)
        try:
            self.swarm.make("configs", name, b"job", {KIND: ENTRY, LABEL: dump(run)})
        except Conflict:
            found = entry_of(self.swarm.engine.get(f"/configs/{name}"))
            return found if (found.by, found.beat) == (run.by, run.beat) else None  # the answer was lost, and not more
        return entry_of(self.swarm.engine.get(f"/configs/{name}"))

    def update(self, run: JobRun) -> JobRun | None:
        name = self._entry(run)
        try:
            item = self.swarm.engine.get(f"/configs/{name}")
            if item["Version"]["Index"] != run.version:
                return None
            relabel(self.swarm, item, {LABEL: dump(run)})
        except (Conflict, NotFound):
            return None
        return entry_of(self.swarm.engine.get(f"/configs/{name}"))

    def forget(self, run: JobRun) -> None:
        self._delete(self._entry(run))

    # What runs.
    def hindrance(self) -> str:
        if (self.run.store.journal or {}).get("kind") == "upgrade":
            return "its database is being upgraded"
        return "the app is stopped" if is_stopped(self.swarm.specs()) else ""

    def release(self) -> str:
        live = live_release(self.run.store.releases())
        return live.id if live else ""

    def start(self, run: JobRun) -> None:
        """Start the run's service, once: whoever goes on with the run takes the ticket away from a manager that hangs
        before its very last step, and whose service is refused then."""
        self._forget_tickets(run)
        ticket = object_name(self.swarm.project, TICKET, run.job, run.id, str(run.attempt))
        self.swarm.make(
            "configs", ticket, json.dumps(variables(run)).encode(), {KIND: TICKET, LABEL: f"{run.job}/{run.id}"}
        )
        spec = self._spec(run, ticket)
        try:
            self.swarm.create(spec)
        except Conflict:
            return  # it is there already
        except EngineError as error:
            if 400 <= error.status < 500 and not isinstance(error, NotFound):
                raise StackError(str(error)) from error
            raise

    def _spec(self, run: JobRun, ticket: str) -> dict[str, Any]:
        name = f"{self.swarm.project}_{run.service}"
        specs = self.swarm.specs()
        if name not in specs:
            raise StackError(f"There is no service {run.service} in this Swarm.", run.service)
        image = pulled(specs[name]["TaskTemplate"]["ContainerSpec"]["Image"])
        entrypoint = (self.run.params["services"].get(run.service) or {}).get("entrypoint")
        made = one_off(specs[name], name, image, entrypoint, list(run.command))
        return job_spec(made, run, service_name(self.swarm.project, run), ticket)

    def look(self, run: JobRun) -> Seen:
        name = service_name(self.swarm.project, run)
        if self.swarm.service(name) is None:
            return Seen(MISSING)
        return seen_of(self.swarm.tasks(name), self.swarm.nodes())

    def output(self, run: JobRun) -> str:
        try:
            tasks = self.swarm.tasks(service_name(self.swarm.project, run))
        except NotFound:
            return ""
        return "".join(self.swarm.logs(task.id, LINES) for task in sorted(tasks, key=lambda task: task.created))

    def stop(self, run: JobRun) -> None:
        name = service_name(self.swarm.project, run)
        item = self.swarm.service(name)
        if item is None:
            return
        self.swarm.update({**item["Spec"], "Mode": {"Replicated": {"Replicas": 0}}})
        limit = self._clock() + stop_grace(item["Spec"]) + STOP_WAIT
        while self._clock() < limit and any(not task.has_ended for task in self.swarm.tasks(name)):
            self._sleep(0.5)

    def clean(self, run: JobRun) -> None:
        self.swarm.remove(service_name(self.swarm.project, run))
        self._forget_tickets(run)

    def _entry(self, run: JobRun) -> str:
        return object_name(self.swarm.project, ENTRY, run.job, run.id)

    def _forget_tickets(self, run: JobRun) -> None:
        for name, item in list(self.swarm.objects("configs").items()):
            labels = item["Spec"]["Labels"]
            if labels.get(KIND) == TICKET and labels.get(LABEL) == f"{run.job}/{run.id}":
                self._delete(name)

    def _delete(self, name: str) -> None:
        try:
            self.swarm.engine.delete(f"/configs/{name}")
        except NotFound:
            return


def entry_of(item: dict[str, Any]) -> JobRun:
    """Read an entry from its config."""
    return load(item["Spec"]["Labels"][LABEL], item["Version"]["Index"])


def listing(run: Run) -> dict[str, Any]:
    """Return the jobs of the app with their last and next runs."""
    return verbs.listing(Cluster(run), run.params.get("jobs") or {}, time.time())


def run_now(run: Run) -> dict[str, Any]:
    """Run a job now. Raise StackError when it cannot begin."""
    p = run.params
    try:
        return verbs.run_now(Cluster(run), p.get("jobs") or {}, p["job"], run.project, run.hidden, run.check_mode)
    except JobError as error:
        raise StackError(str(error)) from error


ACTIONS: dict[str, Callable[[Run], dict[str, Any]]] = {"jobs": listing, "job": run_now}
