# SPDX-License-Identifier: GPL-3.0-or-later
"""People who use an app while something is done to its host."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.e2e.driver import http

DEMO = ("/api/notes", "/api/health", "/", "/api/notes")  # what needs the database


@contextmanager
def visitors(
    address: str, paths: Sequence[str] = DEMO, headers: Mapping[str, str] | None = None, pause: float = 0.2
) -> Iterator[Counter]:
    """Give how often each answer came: a status that is well, or all words of another one. Each path has a visitor, who
    waits for `pause` seconds in between."""
    answers, over = Counter(), threading.Event()

    def visit(path: str) -> None:
        while not over.wait(pause):
            try:
                reply = http(f"http://{address}{path}", headers=headers)
                answers[reply.status if reply.status == 200 else f"{reply.status} {path}: {reply.body[:300]}"] += 1
            except OSError as error:
                answers[str(error)] += 1

    threads = [threading.Thread(target=visit, args=[path]) for path in paths]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()
