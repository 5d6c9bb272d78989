# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells what jobs an app has, when they run, and how they ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..logs import Asked, Line
from .calendar import zone_of
from .declared import Job
from .ledger import SKIPPED, Run, of_job

UNCHANGED = "Nothing was started."


def rows(jobs: Mapping[str, Job], runs: Iterable[Run], now: float) -> list[dict[str, Any]]:
    """Return each job with its next run, what runs now, the last run that ended, and what was skipped since."""
    found, entries = [], list(runs)
    for name, job in sorted(jobs.items()):
        mine = of_job(entries, name)
        ran = [run for run in mine if run.is_over and run.state != SKIPPED]
        skipped = [run for run in mine if run.state == SKIPPED and (not ran or run.due > ran[0].due)]
        found.append(
            {
                "name": name,
                "service": job.service,
                "schedule": job.schedule,
                "time_zone": job.time_zone,
                "next": job.next(now),
                "running": [entry(run) for run in mine if not run.is_over],
                "last": entry(ran[0]) if ran else None,
                "skipped": entry(skipped[0]) if skipped else None,
            }
        )
    return found


def entry(run: Run) -> dict[str, Any]:
    """Return a run as programs read it; times are seconds since 1970."""
    given = {key: value for key, value in asdict(run).items() if key not in ("version", "beat", "output", "away")}
    return {**given, "seconds": run.seconds}


def lines(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return two lines for each job: when it runs, and how it ended."""
    return [line for row in found for line in _job(row)] or ["No job is declared (app_jobs)."]


def _job(row: Mapping[str, Any]) -> Iterator[str]:
    zone = row["time_zone"]
    yield f"{row['name']:<12} {row['schedule']} {zone}, next {when(row['next'], zone) if row['next'] else 'never'}"
    for run in row["running"]:
        yield f"{'':<12} runs since {when(run['started'] or run['due'], zone)}"
    yield f"{'':<12} {'last ' + result(row['last'], zone) if row['last'] else 'has not run yet'}"
    if row["skipped"]:
        yield f"{'':<12} skipped {when(row['skipped']['due'], zone)}: {row['skipped']['reason']}"


def result(run: Mapping[str, Any], zone: str) -> str:
    """Tell one run in a line."""
    spent = f", {run['seconds']:.0f} s" if run["seconds"] is not None else ""
    where = f" on {run['node']}" if run["node"] else ""
    why = f": {run['reason']}" if run["reason"] else ""
    release = f", release {run['release']}" if run["release"] else ""
    return f"{when(run['due'], zone)} {run['state']}{spent}{where}{release}{why}"


def status_lines(found: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return a line for each job, for the status of its app."""
    told = []
    for row in found:
        last, zone = row["last"], row["time_zone"]
        how = "has not run yet" if not last else f"{last['state'].upper() if last['state'] != 'ok' else 'ok'}"
        since = f" {when(last['due'], zone)}" if last else ""
        why = f", {last['reason']}" if last and last["reason"] else ""
        runs = ", runs now" if row["running"] else ""
        after = f"; next {when(row['next'], zone)}" if row["next"] else ""
        told.append(f"Job          {row['name']:<12} {how}{since}{why}{runs}{after}")
    return told


def when(stamp: float, zone: str) -> str:
    """Write a moment as the job's own people do."""
    try:
        place = zone_of(zone)
    except ValueError:
        place = UTC
    return datetime.fromtimestamp(stamp, place).strftime("%Y-%m-%d %H:%M %Z")


def logged(runs: Iterable[Run], wanted: Asked) -> Iterator[Line]:
    """Yield the last lines of runs that have ended, with the time of their end, as `logs` asks for them."""
    for run in runs:
        if not run.is_over or (wanted.services and run.job not in wanted.services) or run.ended < wanted.since:
            continue
        stamp = datetime.fromtimestamp(run.ended, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        said = run.output.splitlines()
        for text in said[-wanted.lines :] if wanted.lines else said:
            yield Line(stamp, f"{run.job}-{run.id}", text)
        if run.state != SKIPPED:
            how = f"ended: {run.state}" + (f", {run.reason}" if run.reason else "")
            yield Line(stamp, f"{run.job}-{run.id}", how)


def summary(run: Run, zone: str = "UTC") -> str:
    """Tell the end of a run in a sentence."""
    return f"{run.job}: {result(entry(run), zone)}"
