# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person asks of the release that is live: restart, stop, start, logs. The modules' verbs, and the command's on
the host, where no secret need be known."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .._app.jobs.ledger import RUNNING
from .._app.jobs.verbs import log_lines
from .._app.logs import Asked, Source, asked, of_container, shown
from .._app.program import CommandError
from .._app.program import run as run_program
from .._app.release import ReleaseError
from . import power
from .closing import stop_of
from .deploy import carry_out
from .jobs import place_of
from .run import OPENINGS, Run
from .transaction import Transaction, use_release

RESTARTED = "Release {} runs in new containers. No request was lost: they were proven before visitors came to them."
NOTICED = {
    "data": "What asked {} meanwhile waited or got an error.",
    "worker": "Visitors do not talk to {}, and noticed nothing.",
}


def restart(run: Run) -> dict[str, Any]:
    """Start the live release's containers anew: beside the old ones where visitors would notice; a data service, and
    what visitors do not talk to, in place."""
    with run.told("plan", OPENINGS["restart"]):
        t, service = ready(run.live()), run.params["service"]
        kind = kind_of(t, service)
    if run.check_mode:
        run.lease.would_acquire()
        what = service if kind in NOTICED else f"release {t.live.id}"
        return {"changed": True, "events": [f"{what} would be restarted."]}
    with begun(run, "restart") as (t, still_ours, told):
        ready(t)
        steps = {"restart": power.in_place(service)} if kind in NOTICED else power.beside()
        _said, seconds = carry_out(t, t.live.id, steps, still_ours, "Not restarted")
        event = f"{service} was restarted. " + NOTICED[kind].format(service) if kind in NOTICED else RESTARTED
        return {"changed": True, "recovered": told, "steps": seconds, "events": [*told, event.format(t.live.id)]}


def kind_of(t: Transaction, service: str) -> str:
    """Return how a service is restarted: as `data` and `worker` in place; otherwise the whole app beside the old one,
    since containers of one colour do not know those of the other."""
    if not service:
        return "app"
    known = sorted({*t.app.services, *t.app.data_services})
    if service not in known:
        raise ReleaseError(f"There is no service {service} in the live release. There are: {', '.join(known)}.")
    if service in t.app.data_services:
        return "data"
    return "app" if t.app.services[service].get("port") else "worker"


def ready(t: Transaction) -> Transaction:
    if stop := stop_of(t):
        raise ReleaseError(f"The app was stopped by {stop['by']}. Start it: playbooks/start.yml, or `izzzi start`.")
    return t


def stop(run: Run) -> dict[str, Any]:
    """Stop everything of the app and keep it: volumes, containers, releases. Visitors get a page from nginx."""
    with run.told("plan", OPENINGS["stop"]):
        t = run.live()
    running, by = power.up(t), run.params["lock"].get("owner") or "somebody"
    if stop_of(t) and not running:
        return {"changed": False, "events": [f"Release {t.live.id} is stopped already."]}
    if run.check_mode:
        run.lease.would_acquire()
        return {"changed": True, "events": [f"Would stop {', '.join(running) or 'nothing that runs'}."]}
    with begun(run, "stop") as (t, still_ours, told):
        _said, seconds = carry_out(
            t, t.live.id, {"stop": lambda t: power.stop(t, by)}, still_ours, "Not wholly stopped"
        )
        stays = "A page tells visitors that it is closed. " if t.edge else ""
        event = f"Stopped {', '.join(running)}. {stays}Data and release {t.live.id} stay; `start` brings them back."
        return {"changed": True, "recovered": told, "steps": seconds, "events": [*told, event]}


def start(run: Run) -> dict[str, Any]:
    """Bring the release back that was live when the app was stopped, and prove it. What does not come up is stopped
    again, so that visitors keep their page."""
    with run.told("plan", OPENINGS["start"]):
        t = run.live()
    missing, was_stopped = power.down(t), bool(stop_of(t))
    changed = bool(missing or was_stopped)
    if run.check_mode:
        run.lease.would_acquire()
        return {"changed": changed, "events": [f"Would start {', '.join(missing)}."] if missing else []}
    with begun(run, "start") as (t, still_ours, told):
        by = stop_of(t).get("by", "")
        try:
            _said, seconds = carry_out(t, t.live.id, {"bring_back": power.start}, still_ours, "Not started")
        except ReleaseError:
            if by:
                with suppress(CommandError, OSError):  # the reason counts for more
                    power.stop(t, by)
            raise
        event = f"Release {t.live.id} is live and answers as declared."
        return {"changed": changed, "recovered": told, "steps": seconds, "events": [*told, event]}


@contextmanager
def begun(run: Run, purpose: str) -> Iterator[tuple[Transaction, Callable[[], Any], list[str]]]:
    """Hold the lock; yield the host with what its live release declared, after what a killed run left is ended."""
    with run.locked(purpose) as still_ours:
        with run.told("plan", OPENINGS[purpose]):
            t, told = run.recovered()
            if not t.live:
                raise ReleaseError(f"No release of {t.app.project} is live on this host.")
            use_release(t, t.live)
        yield t, still_ours, [told] if told else []


def logs(run: Run) -> dict[str, Any]:
    """Return lines of all containers of the live release and of its data services, in the order of time."""
    p = run.params
    with run.told("plan", "There are no logs"):
        wanted = asked({**p, "services": [p["service"]] if p["service"] else []}, time.time())
        lines = [line for source in sources(run, wanted) for line in read(source)]
        lines = sorted([*lines, *log_lines(place_of(run).runs(), wanted)])
    return {"changed": False, "logs": "\n".join(shown(lines, wanted.grep, run.hidden))}


def read(source: Source) -> Iterator[Any]:
    try:
        text = run_program(
            [*source.command], stderr=subprocess.STDOUT, timeout=120
        )  # both of its outputs, as they came
    except CommandError:
        return  # it went between the two questions
    yield from filter(None, (source.parse(source.name, line) for line in text.splitlines()))


def sources(run: Run, wanted: Asked, *more: str) -> list[Source]:
    """Return what writes the lines that are asked for. Raise ReleaseError for a service that is not there."""
    t = run.live()
    projects = [t.data, t.compose(t.live.colour)]
    found = [(compose, c) for compose in projects for c in compose.containers()]
    place = place_of(run)
    entries = place.runs()
    jobs = {*(run.params.get("jobs") or {}), *(entry.job for entry in entries)}
    known = sorted({*(c.service for _compose, c in found), *jobs})
    if unknown := [name for name in wanted.services if name not in known]:
        raise ReleaseError(
            f"There is no service {', '.join(unknown)} in the live release. There are: {', '.join(known)}."
        )
    return [
        Source(
            c.name.removeprefix(f"{compose.project}-"),
            ("docker", "container", "logs", *wanted.options, *more, c.id),
            of_container,
        )
        for compose, c in found
        if not wanted.services or c.service in wanted.services
    ] + [
        Source(
            f"{entry.job}-{entry.id}",
            ("docker", "container", "logs", *wanted.options, *more, place.container(entry)),
            of_container,
        )
        for entry in entries
        if entry.state == RUNNING and (not wanted.services or entry.job in wanted.services)
    ]


ACTIONS: dict[str, Callable[[Run], dict[str, Any]]] = {"restart": restart, "stop": stop, "start": start, "logs": logs}
