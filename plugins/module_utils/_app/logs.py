# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Log lines of several containers as one text: what is asked of Docker, and how its lines are put in order. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .._secrets.mask import masker

LINES = 100
ALL = 0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?:\d+[smhd])+")
_ESCAPES = re.compile(r"\x1b\[2K")  # what Compose writes to a terminal in spite of --no-color


@dataclass(frozen=True)
class Asked:
    """Which lines: the last `lines` of each container (0 for all), since a time (0 for ever), that fit a pattern."""

    services: tuple[str, ...] = ()
    lines: int = LINES
    since: float = 0.0
    grep: str = ""

    @property
    def options(self) -> list[str]:
        """Return the options of `docker logs` and `docker service logs`."""
        tail = ["--tail", str(self.lines) if self.lines else "all"]
        return ["--timestamps", *tail, *(["--since", f"{self.since:.0f}"] if self.since else [])]


def asked(given: Mapping[str, Any], now: float) -> Asked:
    """Read what a person gave. Without a number of lines a search goes through all of them, and so does a time. Raise
    ValueError with what is not valid."""
    services, grep, since = given.get("services") or [], given.get("grep") or "", str(given.get("since") or "")
    try:
        re.compile(grep)
    except re.error as error:
        raise ValueError(f"grep is {grep!r}, and must be a regular expression: {error}.") from error
    lines = given.get("lines")
    if lines is None:
        lines = ALL if grep or since else LINES
    return Asked(tuple(services), int(lines), begin(since, now) if since else 0.0, grep)


def begin(text: str, now: float) -> float:
    """Return the seconds since 1970 that `10m`, `1h30m`, `2d` or a time (of UTC, where it names no zone) means."""
    if _DURATION.fullmatch(text):
        return now - sum(int(part[:-1]) * _UNITS[part[-1]] for part in re.findall(r"\d+[smhd]", text))
    try:
        found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise ValueError(
            f"since is {text!r}, and must be a duration such as 10m or 1h30m, or a time such as 2026-11-28T04:31:00."
        ) from error
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


@dataclass(frozen=True, order=True)
class Line:
    """One line with its time, as Docker writes it, and the container that said it."""

    when: str
    name: str
    words: str


@dataclass(frozen=True)
class Source:
    """What writes lines: the command of one container or service. `parse` makes a Line of what it writes."""

    name: str
    command: tuple[str, ...]
    parse: Callable[[str, str], Line | None]


def of_container(name: str, text: str) -> Line | None:
    """Read a line of `docker logs --timestamps`."""
    when, _blank, words = text.rstrip("\r\n").partition(" ")
    return Line(when, name, words) if when[:1].isdigit() else None


def shown(lines: Iterable[Line], grep: str, secrets: Sequence[str]) -> Iterator[str]:
    """Yield the lines as people read them, without secrets: what fits is looked for in what is shown."""
    pattern, mask = re.compile(grep), masker(secrets)
    for line in lines:
        words = mask(_ESCAPES.sub("", line.words))
        if pattern.search(words):
            yield f"{line.when[:23]} {line.name} | {words}"
