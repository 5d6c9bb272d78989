# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes what a long run is at into a file of the host, which the callback `story` shows while a module works.

Any room logs to `izzzi.progress`, with Python's own `logging`: INFO is a state of the work ("healthy 1 of 2"), DEBUG a
line of a program's output. Without `reported` around it nothing is written.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

from .._secrets.mask import masker
from .background import repeated

LOGGER = logging.getLogger("izzzi.progress")
LOGGER.propagate = False  # or a program with a log of its own would have each state in it
LOGGER.setLevel(logging.CRITICAL)  # nobody listens
OF_ROOT = "/run/izzzi-progress"
OF_A_PERSON = "~/.cache/izzzi/progress"
LIMIT = 2**20  # bytes of one run: /run is memory
MARK = "| "  # before a line of a program's output


def place() -> Path:
    """Return the file to which runs of this user write."""
    return Path(OF_ROOT if os.getuid() == 0 else OF_A_PERSON).expanduser()


class Lines(logging.Handler):
    """Appends each state once, as it changes, to a file that is new with the first one. A full disk or a bad place
    never disturbs the run."""

    def __init__(self, path: Path, project: str, hidden: Iterable[str], level: int):
        super().__init__(level)
        self._path, self._project, self._mask = path, project, masker(hidden)
        self._last, self._written = b"", 0

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(self._mask(record.getMessage()).split())
        line = f"{self._project}: {MARK if record.levelno < logging.INFO else ''}{text}\n".encode()
        if line == self._last or self._written + len(line) > LIMIT:
            return
        with suppress(OSError):
            self._append(line)
        self._last, self._written = line, self._written + len(line)

    def _append(self, line: bytes) -> None:
        if not self._written:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
        try:
            if not self._written:
                os.fchmod(file, 0o644)  # whoever logs in reads it, whatever the umask
            os.write(file, line)
        finally:
            os.close(file)

    def close(self) -> None:
        if self._written:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
        super().close()


def of_module(module: Any, project: str, hidden: Iterable[str] = ()) -> AbstractContextManager[None]:
    """Return `reported` as a module's run wants it: nothing with --check, a program's output with -v."""
    if module.check_mode:
        return nullcontext()
    return reported(project, hidden, detailed=module._verbosity > 0)


@contextmanager
def watched(tell: Callable[[], str], every: float = 1.0) -> Iterator[None]:
    """Ask what a program has done so far, for as long as it runs. `tell` returns it, empty when it cannot say."""
    if not LOGGER.isEnabledFor(logging.INFO):
        yield
        return

    def look() -> bool:
        with suppress(Exception):  # it is only told; what is wrong with the work shows in the work
            if told := tell():
                LOGGER.info("%s", told)
        return True

    with repeated(look, every, patience=5):
        yield


@contextmanager
def reported(
    project: str, hidden: Iterable[str] = (), *, detailed: bool = False, path: Path | None = None
) -> Iterator[None]:
    """Write states of the work while it lasts, without what is hidden, and a program's output where details are asked
    for. The file is gone at the end."""
    handler = Lines(path or place(), project, hidden, logging.DEBUG if detailed else logging.INFO)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(handler.level)
    try:
        yield
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.CRITICAL)
        handler.close()
