# SPDX-License-Identifier: GPL-3.0-or-later
"""DigitalOcean's request limits: sliding windows, reported in headers and, if wanted, enforced."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

HOUR_LIMIT = 5000
MINUTE_LIMIT = 250
KEY_LIST_LIMIT = 10  # GET /v2/account/keys, each minute


@dataclass(frozen=True)
class Verdict:
    allowed: bool
    headers: dict[str, str]


class RateLimit:
    def __init__(self, enforced: bool, clock: Callable[[], float] = time.time) -> None:
        self._enforced = enforced
        self._clock = clock
        self._lock = threading.Lock()
        self._requests: deque[float] = deque()
        self._minute: deque[float] = deque()
        self._key_lists: deque[float] = deque()

    def count(self, *, key_list: bool = False) -> Verdict:
        """Count a request; refused ones count too."""
        with self._lock:
            now = self._clock()
            self._requests.append(now)
            _expire(self._requests, now - 3600)
            self._minute.append(now)
            _expire(self._minute, now - 60)
            waits = [self._minute[0] + 60 - now] if len(self._minute) > MINUTE_LIMIT else []
            if key_list:
                self._key_lists.append(now)
                _expire(self._key_lists, now - 60)
                if len(self._key_lists) > KEY_LIST_LIMIT:
                    waits.append(self._key_lists[0] + 60 - now)
            if len(self._requests) > HOUR_LIMIT:
                waits.append(self._requests[0] + 3600 - now)
            headers = {
                "ratelimit-limit": str(HOUR_LIMIT),
                "ratelimit-remaining": str(0 if waits else max(0, HOUR_LIMIT - len(self._requests))),
                "ratelimit-reset": str(int(self._requests[0] + 3600)),
            }
            refused = bool(waits) and self._enforced
            if refused:  # clients repeat even what succeeded when a reply says when to come back
                headers["retry-after"] = str(max(1, round(max(waits))))
            return Verdict(not refused, headers)


def _expire(moments: deque[float], before: float) -> None:
    while moments and moments[0] <= before:
        moments.popleft()
