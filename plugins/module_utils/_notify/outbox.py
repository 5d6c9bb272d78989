# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends what lies in the spool, and tries again with growing pauses where nobody takes it."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .._app import events
from .._app.atomic import read_json, write_json
from .messages import compose
from .settings import Settings

DAY = 86400.0
FIRST, LONGEST = 30.0, 1800.0  # seconds of a pause
Send = Callable[[str, str, str, str], str]


def name(url: str) -> str:
    """Return what an address is called in files: nothing can be read from it."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def shown(position: int, url: str) -> str:
    """Name an address to people, without what is secret in it."""
    return f"notify_urls[{position}] ({url.partition(':')[0]})"


def pause(failures: int) -> float:
    """Return how many seconds to wait after so many failures in a row."""
    return min(FIRST * 2 ** (failures - 1), LONGEST)


class Outbox:
    """The spool, and what is known of each address while this runs. `say` writes to the journal."""

    def __init__(
        self,
        settings: Settings,
        send: Send,
        hide: Callable[[str], str],
        *,
        host: str,
        spool: Path = events.SPOOL,
        clock: Callable[[], float] = time.time,
        say: Callable[[str], Any] = print,
    ):
        self.settings, self.send, self.hide, self.host = settings, send, hide, host
        self.spool, self.clock, self.say = spool, clock, say
        self.failures: dict[str, int] = {}
        self.due: dict[str, float] = {}

    def step(self) -> float | None:
        """Send what is due. Return in how many seconds there is more to do; None when nothing waits."""
        waiting = self._load()
        for position, url in enumerate(self.settings.urls):
            own = {path: event for path, event in waiting.items() if name(url) in event["left"]}
            if own and self.due.get(url, 0) <= self.clock():
                self._send(position, url, own)
        left = {url for event in waiting.values() for url in event["left"]}
        if not left:
            return None
        pauses = [self.due.get(url, 0) - self.clock() for url in self.settings.urls if name(url) in left]
        return max(0.0, min(pauses))

    def _load(self) -> dict[Path, dict[str, Any]]:
        """Return the events that wait, with the addresses that have not taken each. What nobody wants goes, and what
        nobody took for a day."""
        known = [name(url) for url in self.settings.urls]
        found = {}
        for path in events.waiting(self.spool):
            event = read_json(path)
            if not isinstance(event, dict) or event.get("kind") in self.settings.off or not event.get("title"):
                path.unlink(missing_ok=True)
                continue
            event["left"] = [one for one in event.get("left", known) if one in known]
            if event["left"] and self.clock() - event.get("when", 0) > DAY:
                self.say(self.hide(f"Given up after a day: {event['title']}"))
                event["left"] = []
            if event["left"]:
                found[path] = event
            else:
                path.unlink(missing_ok=True)
        return found

    def _send(self, position: int, url: str, own: Mapping[Path, dict[str, Any]]) -> None:
        told: Sequence[Mapping[str, Any]] = list(own.values())
        why = self.send(url, *compose(told, self.settings.place, self.host, self.hide))
        if why:
            self.failures[url] = self.failures.get(url, 0) + 1
            self.due[url] = self.clock() + pause(self.failures[url])
            self.say(f"{shown(position, url)} {why}. {len(own)} wait, for {pause(self.failures[url]):.0f} s.")
            return
        self.failures.pop(url, None)
        self.due.pop(url, None)
        for path, event in own.items():
            event["left"].remove(name(url))
            if event["left"]:
                write_json(path, event)
            else:
                path.unlink(missing_ok=True)
