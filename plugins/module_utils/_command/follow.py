# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follows the logs of several containers as one, also over restarts and releases: a new one is read from its start."""

from __future__ import annotations

import contextlib
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .._app.logs import Line, Source

LOOK_EVERY = 2.0
HOLD = 0.4  # seconds for which lines wait for earlier ones of other containers
Feed = Callable[[Line], None]


def ready(held: list[tuple[float, Line]], now: float) -> tuple[list[Line], list[tuple[float, Line]]]:
    """Split lines into those that are shown now, in the order of time, and those that wait on. Pure."""
    if not any(now - arrived >= HOLD for arrived, _line in held):
        return [], held
    latest = max(line for arrived, line in held if now - arrived >= HOLD)
    return sorted(line for _arrived, line in held if line <= latest), [item for item in held if item[1] > latest]


@dataclass
class Reader:
    """One program that writes lines, and what of them was read. A program that ends is started anew when asked for."""

    source: Source
    feed: Feed
    last: str = ""
    process: subprocess.Popen | None = None

    def keep(self) -> None:
        if self.process is None or self.process.poll() is not None:
            both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
            command = [*self.source.command]
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, **both, encoding="utf-8", errors="replace"
            )
            threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()

    def _read(self, stream: Iterable[str]) -> None:
        known = self.last  # a program that is started anew begins with what is known
        for text in stream:
            line = self.source.parse(self.source.name, text)
            if line and line.when > known:
                self.last = max(self.last, line.when)
                self.feed(line)

    def end(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()


def follow(
    sources: Callable[[], list[Source]],
    is_over: Callable[[], bool] = lambda: False,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Line]:
    """Yield lines as they come, until `is_over`. `sources` says what there is to read now; both are asked again and
    again."""
    lines: queue.SimpleQueue[tuple[float, Line]] = queue.SimpleQueue()
    readers: dict[tuple[str, ...], Reader] = {}
    held: list[tuple[float, Line]] = []
    looked = -LOOK_EVERY
    try:
        while True:
            if clock() - looked >= LOOK_EVERY:
                if is_over():
                    return
                for source in sources():
                    new = Reader(source, lambda line: lines.put((clock(), line)))
                    readers.setdefault(source.command, new).keep()
                looked = clock()
            with contextlib.suppress(queue.Empty):
                held.append(lines.get(timeout=HOLD / 4))
            shown, held = ready(held, clock())
            yield from shown
    finally:
        for reader in readers.values():
            reader.end()
