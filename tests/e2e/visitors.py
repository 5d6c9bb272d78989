"""People who use the demo app while something is done to its host."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.driver import http


@contextmanager
def visitors(address: str) -> Iterator[Counter]:
    """Twenty requests a second to what needs the database, and what each was answered."""
    answers, over = Counter(), threading.Event()

    def visit(number: int) -> None:
        while not over.is_set():
            try:
                answers[http(f"http://{address}{('/api/notes', '/api/health', '/', '/api/notes')[number]}").status] += 1
            except OSError as error:
                answers[str(error)] += 1
            over.wait(0.2)

    threads = [threading.Thread(target=visit, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()
