# SPDX-License-Identifier: GPL-3.0-or-later
"""A thread that brings the world in line with the state whenever something has changed."""

from __future__ import annotations

import threading
from typing import Any

RETRY_SECONDS = 5.0


class Watcher:
    """Calls `look` in a thread whenever something has changed, and again while there is something in `_failed`, which
    it could not bring in line."""

    name: str  # of the thread

    def __init__(self) -> None:
        self._failed: set[Any] = set()
        self._wake = threading.Event()
        self._stopped = False

    def start(self) -> None:
        threading.Thread(target=self._loop, name=self.name, daemon=True).start()
        self.wake()

    def stop(self) -> None:
        self._stopped = True
        self.wake()

    def wake(self) -> None:
        """Look again, because something has changed."""
        self._wake.set()

    def look(self) -> None:
        """Bring everything in line, once."""
        raise NotImplementedError

    def _loop(self) -> None:
        while not self._stopped:
            self._before_wait()
            self._wake.wait(RETRY_SECONDS if self._failed else None)
            self._wake.clear()
            self.look()

    def _before_wait(self) -> None:
        """Do what is due when a look has ended."""
