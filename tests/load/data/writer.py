# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbered rows, twenty a second, one transaction each. What PostgreSQL has acknowledged is kept here, off the host."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

TABLE = (
    "CREATE TABLE IF NOT EXISTS numbered (n bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp());"
)
INSERT = "INSERT INTO numbered DEFAULT VALUES RETURNING n, extract(epoch FROM at);\n"


@dataclass(frozen=True)
class Acknowledged:
    """A row, and when it was written by the server's clock, in seconds since 1970."""

    n: int
    at: float


class Writer:
    """Writes while the block runs. `psql` returns the command that takes SQL, anew after each lost connection."""

    def __init__(self, psql: Callable[[], list], rate: float = 20):
        self._psql, self._pause = psql, 1 / rate
        self.rows: list[Acknowledged] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_exception) -> None:
        self._stop.set()
        self._thread.join(30)

    @property
    def last(self) -> Acknowledged:
        return self.rows[-1]

    def wait_for(self, count: int, seconds: float = 60) -> None:
        """Return when so many more rows are acknowledged."""
        wanted, deadline = len(self.rows) + count, time.monotonic() + seconds
        while len(self.rows) < wanted:
            assert time.monotonic() < deadline, f"no {count} rows were written within {seconds} s"
            time.sleep(0.05)

    def _write(self) -> None:
        while not self._stop.is_set():
            with suppress(OSError, ValueError, LookupError):  # nobody is there to write to
                self._session()
            self._stop.wait(0.5)

    def _session(self) -> None:
        session = subprocess.Popen(
            self._psql(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1
        )
        try:
            while not self._stop.is_set():
                session.stdin.write(INSERT)
                session.stdin.flush()
                number, at = session.stdout.readline().split("|")
                self.rows.append(Acknowledged(int(number), float(at)))
                time.sleep(self._pause)
        finally:
            session.kill()
            session.wait()
