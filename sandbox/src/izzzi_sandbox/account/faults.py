# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand. Each is armed by the admin interface with what it hits and how often, and is used up by hits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fnmatch import fnmatchcase
from typing import Any

KINDS = {
    "latency": "seconds pass before the request is answered",
    "status": "the request is answered with `status`, before the work or after it (`when`)",
    "reset": "the connection is reset, before the work or after it (`when`)",
    "cut": "Spaces resets the connection in the middle of the upload or download, or after `bytes` of it",
    "damage": "one bit of the object in Spaces is turned around where it is stored: before a download, after an upload",
    "stuck": "an action (create: the droplet stays new; destroy: it stays) does not end, or only after `seconds`",
    "errored": "an action ends as errored",
    "no_addresses": "an active droplet is shown without its networks",
    "member_lag": "a droplet that was deleted stays a member of its VPC for `seconds`",
}
ON_SPACES = ("cut", "damage")
ON_REQUESTS = ("latency", "status", "reset", *ON_SPACES)
SPACES = "spaces:"


@dataclass
class Fault:
    id: int
    kind: str
    method: str = "*"  # of the request
    path: str = "*"  # of the request, with * for anything
    action: str = "*"  # of a droplet, for stuck and errored
    name: str = "*"  # of the droplet
    skip: int = 0  # hits that pass first
    times: int | None = 1  # None: until it is removed
    seconds: float | None = None
    status: int = 503
    message: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    when: str = "before"
    bytes: int | None = None  # of a body, before it is cut; None: half of it
    hits: int = 0

    def show(self) -> dict[str, Any]:
        return asdict(self)


class Faults:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._changed = threading.Condition()
        self._clock = clock
        self._armed: list[Fault] = []
        self._last = 0

    def arm(self, **values: Any) -> Fault:
        with self._changed:
            self._last += 1
            fault = Fault(self._last, **values)
            self._armed.append(fault)
        return fault

    def all(self) -> list[Fault]:
        with self._changed:
            return list(self._armed)

    def remove(self, id: int | None = None) -> bool:
        """One, or all of them. What was stuck goes on."""
        with self._changed:
            before = len(self._armed)
            self._armed = [fault for fault in self._armed if id is not None and fault.id != id]
            self._changed.notify_all()
            return len(self._armed) < before

    def on_request(self, method: str, path: str) -> list[Fault]:
        """Every latency that hits, and the first of the others. Spaces' paths begin with "spaces:"."""
        with self._changed:
            hits = [f for f in self._armed if f.kind == "latency" and _fits(f, method, path) and self._use(f)]
            for fault in self._armed:
                if (
                    fault.kind in ON_REQUESTS
                    and fault.kind != "latency"
                    and _fits(fault, method, path)
                    and self._use(fault)
                ):
                    return [*hits, fault]
            return hits

    def on_droplet(self, kind: str, name: str, action: str = "") -> Fault | None:
        with self._changed:
            for fault in self._armed:
                wanted = fault.kind == kind and fnmatchcase(name, fault.name) and fnmatchcase(action, fault.action)
                if wanted and self._use(fault):
                    return fault
        return None

    def wait(self, fault: Fault, over: Callable[[], bool]) -> None:
        """Until its seconds are over, it is removed, or there is nothing to wait for."""
        end = None if fault.seconds is None else self._clock() + fault.seconds
        with self._changed:
            while fault in self._armed and not over() and (end is None or self._clock() < end):
                self._changed.wait(0.05)

    def _use(self, fault: Fault) -> bool:
        if fault.times is not None and fault.hits >= fault.skip + fault.times:
            return False
        fault.hits += 1
        return fault.hits > fault.skip


def _fits(fault: Fault, method: str, path: str) -> bool:
    if path.startswith(SPACES) and not fault.path.startswith(SPACES):
        return False  # a fault for any path is for any path of the API
    return fnmatchcase(method, fault.method.upper()) and fnmatchcase(path, fault.path)
