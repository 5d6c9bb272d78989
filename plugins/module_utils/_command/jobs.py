# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`izzzi jobs`: what people type, and what the timers of a host and the role call."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from .._app.jobs import report, verbs
from .._app.jobs.carrier import Carrier, JobError
from .._app.jobs.declared import ALLOW, parse_all
from .._app.jobs.ledger import Run
from .._app.program import CommandError
from .._app.program import run as run_program
from . import units
from .settings import CommandFailed

USAGE = "izzzi jobs [--format json] | izzzi jobs run NAME"


def jobs(runner: Any, options: Any) -> Sequence[str]:
    """List the jobs, or do one of DEEDS with them."""
    if options.deed:
        try:
            with runner.explained():
                return DEEDS[options.deed](runner, options)
        except JobError as error:
            raise CommandFailed(str(error)) from error
    found = runner.act("jobs")
    return [json.dumps(found["jobs"], indent=2)] if options.format == "json" else found["listed"]


def run_now(runner: Any, options: Any) -> Sequence[str]:
    done = runner.act("job", job=required(options))
    print(done["logs"], end="", flush=True)
    if done["job"]["state"] != "ok":
        raise CommandFailed(done["ended"])
    return [done["ended"]]


def required(options: Any) -> str:
    if not options.name:
        raise CommandFailed(f"The name of the job is missing. Usage: {USAGE}")
    return options.name


def fire(runner: Any, options: Any) -> Sequence[str]:
    """Run what is due now, for a timer, unless another server does."""
    app = runner.app
    job = verbs.chosen(parse_all(app.jobs), required(options))
    carrier = carrying(runner)
    begun = carrier.fire(job, units.declared_at(app.app, job.name))
    if begun is None:
        return [f"{job.name}: another server has this run, or it was due before the job was declared."]
    if begun.is_over:
        return [report.summary(begun, job.time_zone)]
    if job.overlap == ALLOW:
        with suppress(CommandError):  # runs that have failed earlier, and are told in the ledger
            run_program(["systemctl", "reset-failed", f"{units.unit(app.app, job.name)}-*.service"])
        run_program(units.beside(app.app, job.name, begun.id))
        return [f"{job.name}: run {begun.id} has begun."]
    return ended(carrier.carry(begun), job.time_zone)


def carry(runner: Any, options: Any) -> Sequence[str]:
    """Take a run that is claimed to its end."""
    carrier = carrying(runner)
    found = [run for run in carrier.place.runs() if (run.job, run.id) == (options.name, options.id)]
    if not found:
        raise CommandFailed(f"There is no run {options.id} of {options.name}.")
    return ended(carrier.carry(found[0]), "UTC")


def tidy(runner: Any, options: Any) -> Sequence[str]:
    """Go on with runs of servers that have died. Those that have failed are an error, as they would have been there."""
    told = [report.summary(run) for run in carrying(runner).tidy() if run.is_broken]
    if told:
        raise CommandFailed("\n".join(told))
    return []


def install(runner: Any, options: Any) -> Sequence[str]:
    """Bring the timers of this host to what is declared; with --check only look, and fail when something differs."""
    app, declared = runner.app.app, parse_all(runner.app.jobs)
    if not options.check:
        return units.install(app, declared)
    if units.is_due(app, declared):
        raise CommandFailed("The timers of this host are not those of the jobs that are declared.")
    return []


def uninstall(runner: Any, options: Any) -> Sequence[str]:
    return units.install(runner.app.app, {})


def carrying(runner: Any) -> Carrier:
    return verbs.carrier(
        runner.place(), runner.app.app, runner.app.hidden, lambda text: print(text, end="", flush=True)
    )


def ended(run: Run | None, zone: str) -> Sequence[str]:
    """Return how a run ended. Raise CommandFailed when it did not end well."""
    if run is None:
        return ["Another server goes on with this run: izzzi jobs."]
    told = report.summary(run, zone)
    if run.is_broken:
        raise CommandFailed(told)
    return [told]


Deed = Callable[[Any, Any], Sequence[str]]
DEEDS: dict[str, Deed] = {
    "run": run_now,
    "fire": fire,
    "carry": carry,
    "tidy": tidy,
    "install": install,
    "uninstall": uninstall,
}
