# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients asked, without their secrets: tests prove with it what was not written, and count."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import count
from typing import Any

from ..account.records import now

KEPT = 20_000
BODY_LIMIT = 4096  # characters
READS = frozenset({"GET", "HEAD", "OPTIONS"})
HIDDEN = "[secret]"


@dataclass(frozen=True)
class Entry:
    number: int
    time: str
    service: str  # api or spaces
    method: str
    path: str  # with the query
    status: int  # 0: the connection was reset
    body: str
    secret_in_body: bool  # the client sent its token where it does not belong
    fault: str  # the kind of a fault that was injected, or nothing


class RequestLog:
    def __init__(self, secrets: Sequence[str]) -> None:
        self._secrets = secrets
        self._lock = threading.Lock()
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._numbers = count(1)
        self.count = 0  # of requests to the API, ever

    def add(
        self, method: str, path: str, status: int, *, body: bytes = b"", service: str = "api", fault: str = ""
    ) -> None:
        text = body.decode(errors="replace")
        leaked = any(secret in text for secret in self._secrets)
        entry_body, path = self._hide(text)[:BODY_LIMIT], self._hide(path)
        with self._lock:
            self.count += service == "api"
            entry = Entry(next(self._numbers), now(), service, method, path, status, entry_body, leaked, fault)
            self._entries.append(entry)

    def spaces(self, method: str, path: str, status: int, fault: str) -> None:
        self.add(method, path, status, service="spaces", fault=fault)

    def entries(self, since: int = 0, *, writes: bool = False) -> list[dict[str, Any]]:
        with self._lock:
            chosen = [entry for entry in self._entries if entry.number > since]
        return [asdict(entry) for entry in chosen if not (writes and entry.method in READS)]

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, HIDDEN)
        return text
