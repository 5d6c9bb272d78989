# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads systemd's calendar expressions: when a job is due next, and when it was last. Pure.

The host's systemd starts a job; this says for which moment, and judges a schedule where there is no systemd, as on the
controller. What it accepts it reads as systemd does (tested beside `systemd-analyze calendar`).
"""

from __future__ import annotations

import calendar
import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHORT = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
}
FAR = 366 * 40  # days: 29 February comes within, on each day of the week
_PART = re.compile(r"(\d{1,4})(?:\.\.(\d{1,4}))?(?:/(\d{1,4}))?")
_DATE = re.compile(r"(?:(?P<year>[\d.,/*]+)-)?(?P<month>[\d.,/*]+)(?P<how>[-~])(?P<day>[\d.,/*]+)")
_TIME = re.compile(r"(?P<hour>[\d.,/*]+):(?P<minute>[\d.,/*]+)(?::(?P<second>[\d.,/*]+))?")
_WEEKDAYS = re.compile(r"[A-Za-z][A-Za-z,.]*")


@dataclass(frozen=True)
class Calendar:
    """A schedule: what each part of a date and a time may be; None stands for all."""

    weekdays: frozenset[int] | None = None
    years: frozenset[int] | None = None
    months: frozenset[int] | None = None
    days: frozenset[int] | None = None
    last_days: bool = False  # `days` count from the end of the month, which is 1
    hours: tuple[int, ...] = (0,)
    minutes: tuple[int, ...] = (0,)
    second: int = 0

    def is_on(self, day: date) -> bool:
        """Tell whether there is a moment on a day."""
        length = calendar.monthrange(day.year, day.month)[1]
        number = length - day.day + 1 if self.last_days else day.day
        wanted = (self.weekdays, day.weekday()), (self.years, day.year), (self.months, day.month), (self.days, number)
        return all(allowed is None or value in allowed for allowed, value in wanted)


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name, such as Europe/Paris. Raise ValueError when there is none."""
    if name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone, for example Europe/Paris or UTC.") from error


def parse(text: str) -> Calendar:
    """Read an expression such as `Mon..Fri 07:00`. Raise ValueError with what is wrong."""
    words = SHORT.get(str(text).strip().lower(), str(text)).split()
    try:
        found = _read(words)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a schedule: {error}. For example: Mon..Fri 07:00, or *-*-01 04:30."
        ) from error
    if not _is_ever(found):
        raise ValueError(f"{text!r} is never due: there is no such day.")
    return found


def _read(words: list[str]) -> Calendar:
    if not words:
        raise ValueError("it is empty")
    parts: dict = {}
    rest = list(words)
    if _WEEKDAYS.fullmatch(rest[0]):
        parts["weekdays"] = _weekdays(rest.pop(0))
    if rest and (match := _DATE.fullmatch(rest[0])):
        parts |= _date(match)
        rest.pop(0)
    if rest and (match := _TIME.fullmatch(rest[0])):
        parts |= _time(match)
        rest.pop(0)
    if rest and parts and len(rest) == 1 and re.fullmatch(r"[A-Za-z_]+(/[\w+/-]+)?", rest[0]):
        raise ValueError(f"its time zone {rest[0]} belongs into `time_zone`")
    if rest:
        raise ValueError(f"{rest[0]!r} is not understood")
    return Calendar(**parts)


def _weekdays(text: str) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        first, dots, last = part.partition("..")
        begin = _weekday(first)
        end = _weekday(last) if dots else begin
        if end < begin:
            raise ValueError(f"{part} goes backwards: a week begins on Monday")
        found |= {*range(begin, end + 1)}
    return frozenset(found)


def _weekday(text: str) -> int:
    names = [day for day in DAYS if text.lower() in (day, day[:3])]
    if not names:
        raise ValueError(f"{text!r} is not a day of the week")
    return DAYS.index(names[0])


def _date(match: re.Match) -> dict:
    last_days = match["how"] == "~"
    year, month, day = match["year"] or "*", match["month"], match["day"]
    return {
        "years": _chain(year, 1970, 2199),
        "months": _chain(month, 1, 12),
        "days": _from_end(day) if last_days else _chain(day, 1, 31),
        "last_days": last_days,
    }


def _from_end(text: str) -> frozenset[int]:
    """Read the days before a month's end; a step goes towards the end, as in `Mon *-*~07/1`, the last Monday."""
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if (
            not match
            or match[2]
            or not 1 <= int(match[1]) <= 31
            or (match[3] and not 0 < int(match[3]) < int(match[1]))
        ):
            raise ValueError(f"{part!r} is not a day before the end of a month")
        found |= {*range(int(match[1]), 0, -int(match[3] or 31))}
    return frozenset(found)


def _time(match: re.Match) -> dict:
    seconds = _chain(match["second"] or "0", 0, 59)
    if seconds is None or len(seconds) != 1:
        raise ValueError("a job is due once a minute at most: give one second, or none")
    every = (_chain(match["hour"], 0, 23), range(24)), (_chain(match["minute"], 0, 59), range(60))
    hours, minutes = (tuple(sorted(every if some is None else some)) for some, every in every)
    return {"hours": hours, "minutes": minutes, "second": min(seconds)}


def _chain(text: str, low: int, high: int) -> frozenset[int] | None:
    """Read `*`, `5`, `1..5`, `0/15`, `8..18/2`, and lists of them."""
    if text == "*":
        return None
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            hint = f" (every second one: {low}/2)" if part.startswith("*/") else ""
            raise ValueError(f"{part!r} is not understood{hint}")
        begin, end = int(match[1]), int(match[2]) if match[2] else None
        step = int(match[3]) if match[3] else 1 if end is not None else 0
        last = end if end is not None else high if step else begin
        if not low <= begin <= last <= high:
            raise ValueError(f"{part!r} is not within {low} and {high}")
        if match[3] and not 0 < step <= last - begin:
            raise ValueError(f"the step of {part!r} does not fit into it")
        found |= {*range(begin, last + 1, step or 1)}
    return frozenset(found)


def _is_ever(found: Calendar) -> bool:
    """Tell whether it is due at all: in the years that it names, or within some that have every kind of day."""
    years = sorted(found.years or range(2024, 2033))
    begin = date(years[0], 1, 1)
    count = (date(years[-1], 12, 31) - begin).days + 1
    return any(found.is_on(begin + timedelta(days=number)) for number in range(min(count, FAR)))


def moments(found: Calendar, day: date, zone: tzinfo) -> Iterator[float]:
    """Yield when it is due on a day, in seconds since 1970. A time that a clock leaves out does not come; one that
    comes twice is there twice."""
    if not found.is_on(day):
        return
    for hour in found.hours:
        for minute in found.minutes:
            local = datetime(day.year, day.month, day.day, hour, minute, found.second, tzinfo=zone)
            for stamp in dict.fromkeys(local.replace(fold=fold).timestamp() for fold in (0, 1)):
                if datetime.fromtimestamp(stamp, zone).replace(tzinfo=None) == local.replace(tzinfo=None):
                    yield stamp


def previous(found: Calendar, zone: tzinfo, now: float) -> float | None:
    """Return the last moment that is not after `now`; None when there was none for years."""
    return _nearest(found, zone, now, -1)


def following(found: Calendar, zone: tzinfo, now: float) -> float | None:
    """Return the first moment after `now`; None when there is none for years."""
    return _nearest(found, zone, now, 1)


def _nearest(found: Calendar, zone: tzinfo, now: float, step: int) -> float | None:
    day = datetime.fromtimestamp(now, zone).date()
    for _day in range(FAR):
        stamps = [stamp for stamp in moments(found, day, zone) if (stamp > now) == (step > 0)]
        if stamps:
            return min(stamps) if step > 0 else max(stamps)
        day += timedelta(days=step)
    return None
