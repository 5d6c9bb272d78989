# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an app declares as jobs: the command of a service, and when it is due. Pure."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..values import SpecError, nanoseconds
from . import calendar

FORBID, ALLOW = "forbid", "allow"
OPTIONS = ("service", "command", "schedule", "time_zone", "timeout", "overlap", "catch_up")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,29}")
TIMEOUT = "1h"
LONGEST = 7 * 86400.0  # seconds


@dataclass(frozen=True)
class Job:
    """One job. `timeout` is in seconds. With `catch_up` a run that was missed, since no server was up, comes later."""

    name: str
    service: str
    command: tuple[str, ...]
    schedule: str
    time_zone: str = "UTC"
    timeout: float = 3600.0
    overlap: str = FORBID
    catch_up: bool = False

    @cached_property
    def _calendar(self) -> tuple[calendar.Calendar, Any]:
        return calendar.parse(self.schedule), calendar.zone_of(self.time_zone)

    def due(self, now: float) -> float | None:
        """Return for which moment it is that runs now, in seconds since 1970."""
        return calendar.previous(*self._calendar, now)

    def next(self, now: float) -> float | None:
        """Return when it is due next; None when it is not due any more."""
        return calendar.following(*self._calendar, now)

    @property
    def on_calendar(self) -> str:
        """Return what systemd's timer is told."""
        words = calendar.SHORT.get(self.schedule.strip().lower(), self.schedule)
        return f"{' '.join(words.split())} {self.time_zone}"


def parse(name: str, given: Mapping[str, Any]) -> Job:
    """Return a job that has no problems."""
    return Job(
        name,
        str(given["service"]),
        tuple(str(word) for word in given["command"]),
        str(given["schedule"]),
        str(given.get("time_zone") or "UTC"),
        nanoseconds(given.get("timeout") or TIMEOUT) / 10**9,
        str(given.get("overlap") or FORBID),
        bool(given.get("catch_up", False)),
    )


def parse_all(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Job]:
    """Return all jobs by their names."""
    return {name: parse(name, one) for name, one in (given or {}).items()}


def job_problems(jobs: Any, services: Mapping[str, Any], data: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yield a sentence for each fault of `jobs`. `services` can run them, `data` cannot; `prefix` begins the names of
    all three variables."""
    if not isinstance(jobs, Mapping):
        yield f"{prefix}jobs must be a dictionary of jobs by their names; it is {jobs!r}."
        return
    for name, job in jobs.items():
        place = f"{prefix}jobs.{name}"
        if not NAME.fullmatch(str(name)):
            yield f"{place}: a name has small letters, digits, - and _, begins with a letter, and has 30 at most."
        if name in services or name in data:
            yield f"{place}: a service has the same name, and logs of both would be one. Give the job another name."
        if isinstance(job, Mapping):
            yield from _one(place, job, services, data, prefix)
        else:
            yield f"{place} must be a dictionary with service, command and schedule; it is {job!r}."


def _one(place: str, job: Mapping[str, Any], services: Mapping, data: Mapping, prefix: str) -> Iterator[str]:
    if unknown := [str(key) for key in job if key not in OPTIONS]:
        yield f"{place}.{unknown[0]} is not known. There are: {', '.join(OPTIONS)}."
    if missing := [key for key in ("service", "command", "schedule") if job.get(key) in (None, "")]:
        yield f"{place}: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing."
    yield from _service(place, job.get("service"), services, data, prefix)
    yield from _command(place, job.get("command"))
    yield from _when(place, job)
    yield from _limits(place, job)


def _service(place: str, service: Any, services: Mapping, data: Mapping, prefix: str) -> Iterator[str]:
    if service in (None, ""):
        return
    if not isinstance(service, str):
        yield f"{place}.service must be the name of a service; it is {service!r}."
    elif service in data:
        yield (
            f"{place}.service: {service} is a data service, and a second server on its data would destroy it. Name a"
            f" service of {prefix}services; its clients reach {service} by that name."
        )
    elif service not in services:
        yield f"{place}.service: there is no service {service}; {prefix}services has {', '.join(services) or 'none'}."


def _command(place: str, command: Any) -> Iterator[str]:
    if command in (None, ""):
        return
    is_list = isinstance(command, (list, tuple))
    if not is_list or any(isinstance(word, (list, tuple, Mapping)) or word is None for word in command):
        yield f"{place}.command must be a list of words, such as [node, dist/digest.js]; it is {command!r}."
    elif not command or str(command[0]) == "":
        yield f"{place}.command is empty."


def _when(place: str, job: Mapping[str, Any]) -> Iterator[str]:
    if job.get("schedule") not in (None, ""):
        try:
            calendar.parse(str(job["schedule"]))
        except ValueError as error:
            yield f"{place}.schedule: {error}"
    zone = job.get("time_zone", "UTC")
    try:
        if not isinstance(zone, str) or not zone:
            raise ValueError(f"{zone!r} is not a time zone, for example Europe/Paris or UTC.")
        if has_zones():
            calendar.zone_of(zone)
    except ValueError as error:
        yield f"{place}.time_zone: {error}"


def has_zones() -> bool:
    """Tell whether this machine knows time zones at all. Where it does not, the host judges them."""
    return "Europe/Paris" in zoneinfo.available_timezones()


def _limits(place: str, job: Mapping[str, Any]) -> Iterator[str]:
    try:
        seconds = nanoseconds(job.get("timeout", TIMEOUT)) / 10**9
        if isinstance(job.get("timeout"), bool) or not 1 <= seconds <= LONGEST:
            raise SpecError(f"{job['timeout']!r} is not between 1s and {LONGEST / 3600:.0f}h.")
    except SpecError as error:
        yield f"{place}.timeout: {error}"
    if job.get("overlap", FORBID) not in (FORBID, ALLOW):
        yield f"{place}.overlap is {job['overlap']!r}, and must be {FORBID} or {ALLOW}."
    if not isinstance(job.get("catch_up", False), bool):
        yield f"{place}.catch_up is {job['catch_up']!r}, and must be true or false."
