# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people and timers ask of an app's jobs, wherever it runs: list them, run one now, run what is due."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..._secrets.mask import mask
from .. import events
from . import report
from .carrier import Carrier, JobError, Place, silent
from .declared import Job, parse_all
from .ledger import HAND, Run


def carrier(place: Place, app: str, hidden: Sequence[str], say: Callable[[str], None] = silent) -> Carrier:
    """Return what carries the runs of an app's jobs, and tells people of those that fail."""

    def told(run: Run) -> None:
        if run.is_broken:
            title = f"{app}: the job {run.job} of {report.when(run.due, 'UTC')} {run.state}: {run.reason}"
            events.record("job_failed", app, title, detail=run.output, result=events.FAILED, hidden=hidden)

    return Carrier(place, hidden, say, told)


def chosen(jobs: Mapping[str, Job], name: str) -> Job:
    """Return a job. Raise JobError when there is none of the name."""
    if name not in jobs:
        known = ", ".join(sorted(jobs)) or "none"
        raise JobError(
            f"There is no job {name} on this host. There are: {known}. playbooks/deploy.yml brings new ones."
        )
    return jobs[name]


def listing(place: Place, declared: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Return what each job is, and when it ran and will run."""
    rows = report.rows(parse_all(declared), place.runs() if declared else [], now)
    return {"changed": False, "jobs": rows, "listed": report.lines(rows)}


def run_now(
    place: Place, declared: Mapping[str, Any], name: str, app: str, hidden: Sequence[str], check_mode: bool = False
) -> dict[str, Any]:
    """Run a job, and return what it said and how it ended. It is an entry of the ledger like those of timers."""
    job = chosen(parse_all(declared), name)
    said: list[str] = []
    carried = carrier(place, app, hidden, said.append)
    if check_mode:
        return {"changed": True, "logs": "", "job": {}, "ended": f"{name} would run."}
    carried.settle(run for run in place.runs() if run.job == name)
    begun = carried.patiently(lambda: carried.begin(job, time.time(), HAND))
    run = carried.carry(begun) if begun else None
    if run is None:
        raise JobError(f"Another server goes on with this run of {name}. Look at it: izzzi jobs.")
    ended = report.summary(run, job.time_zone)
    return {"changed": True, "logs": "".join(said), "job": report.entry(run), "ended": mask(ended, hidden)}


def log_lines(runs: Iterable[Run], wanted: Any) -> list:
    """Return the lines of runs that have ended, in the order of time."""
    return sorted(report.logged(runs, wanted))
