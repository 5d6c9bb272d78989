# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows what is at work on the last line of a terminal, and reads from the host what a long module is at.

Ansible forks a process for each task. So what runs beside it, in threads, holds no lock of Python's for long and writes
with `os.write`: a child must never begin with a lock that nobody releases.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from ..module_utils._app.progress import MARK

TICK = 0.5
PATIENCE = 1.5  # seconds that a task may take before its host is asked
CLEAR = "\r\033[K"


def line(phase: str, what: str, seconds: float, width: int) -> str:
    """Return the line that shows what is at work, cut to a terminal's width."""
    end = f", {seconds:.0f} s"
    room = max(width - 1 - len(end), 20)
    return f"  {phase}: {what}"[:room] + end


def split(text: str) -> tuple[str, str]:
    """Return a state and a line of output, of which one is empty, from what a host writes: `project: state`, or
    `project: | output`."""
    said = text.rstrip("\r\n").partition(": ")[2]
    return ("", said.removeprefix(MARK)) if said.startswith(MARK) else (said, "")


@dataclass
class Follower:
    """Reads the states of one host while its task runs."""

    host: str
    argv: Sequence[str]
    since: float
    state: str = ""
    _process: subprocess.Popen | None = field(default=None, init=False)
    _is_ended: bool = field(default=False, init=False)

    def start(self, output: Callable[[str], None]) -> None:
        """Begin to read. A host that cannot be asked is silent: the task itself says what is wrong with it."""
        if self._process or self._is_ended:
            return
        with suppress(OSError):
            quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            self._process = subprocess.Popen(self.argv, stdout=subprocess.PIPE, text=True, errors="replace", **quiet)
            threading.Thread(target=self._read, args=(self._process, output), daemon=True).start()

    def _read(self, process: subprocess.Popen, output: Callable[[str], None]) -> None:
        for text in process.stdout or ():
            state, said = split(text)
            self.state = state or self.state
            if said:
                output(said)

    def end(self) -> None:
        """End the program that reads, if there is one."""
        self._is_ended = True
        if self._process and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(2)


class Live:
    """The last line of a terminal, rewritten each half second, and the output of what is at work where it is wanted."""

    def __init__(self, *, shows_line: bool, shows_output: bool, width: Callable[[], int], clock=time.monotonic):
        self._shows_line, self._shows_output, self._width, self._clock = shows_line, shows_output, width, clock
        self._what: tuple[str, str, float] | None = None
        self._followers: dict[str, Follower] = {}
        self._is_there = False
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_on(self) -> bool:
        """Tell whether anything is shown."""
        return self._shows_line or self._shows_output

    def show(self, phase: str, task: str) -> None:
        """Say what is at work from now on."""
        self.forget()
        self._what = (phase, task, self._clock())
        if self._shows_line and self._thread is None:
            self._begin()

    def hush(self) -> None:
        """Show nothing until something else is at work: a person is asked, and types on the last line."""
        self.forget()
        self._what = None
        self.clear()

    def follow(self, host: str, argv: Sequence[str]) -> None:
        """Ask a host what its task is at, when that takes long."""
        if self.is_on and host not in self._followers:
            self._followers[host] = Follower(host, argv, self._clock())
            if self._thread is None:
                self._begin()

    def forget(self, host: str = "") -> None:
        """Ask a host no more, or none when none is named."""
        for name in [host] if host else [*self._followers]:
            if follower := self._followers.pop(name, None):
                follower.end()

    def clear(self) -> None:
        """Make room for a line that stays."""
        if self._is_there:
            self._is_there = False
            write(CLEAR)

    def end(self) -> None:
        """Show nothing any more."""
        self._what = None
        self.forget()
        self._stop.set()
        if self._thread:
            self._thread.join(2)
        self.clear()

    def _begin(self) -> None:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(TICK):
            self.tick()

    def tick(self) -> None:
        """Ask the hosts whose tasks take long, and write the line."""
        followers = [*self._followers.values()]
        for follower in followers:
            if self._clock() - follower.since > PATIENCE:
                follower.start(self._output)
        if (what := self._what) and self._shows_line:
            phase, task, began = what
            self._is_there = True
            write(CLEAR + line(phase, _states(followers) or task, self._clock() - began, self._width()))

    def _output(self, text: str) -> None:
        if self._shows_output:
            write(f"{CLEAR if self._shows_line else ''}{text}\n")


def _states(followers: Sequence[Follower]) -> str:
    told = [follower for follower in followers if follower.state]
    if len(told) < 2:
        return told[0].state if told else ""
    return "; ".join(f"{follower.host} {follower.state}" for follower in told)


def write(text: str) -> None:
    """Write past every buffer and lock."""
    with suppress(OSError):
        os.write(1, text.encode("utf-8", errors="replace"))
