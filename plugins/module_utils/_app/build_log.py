# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds images with a log that stays, and finds in it the lines that say why a build failed."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from .._secrets.mask import mask
from .build_advice import advice
from .program import CommandError
from .progress import LOGGER, watched

BUILD_LOGS = "build-logs"  # beside what is built: in the app's directory, or the cache of sources
KEPT_LOGS = 5
FIRST_LINES, LAST_LINES = 14, 8
LONGEST_LINE, LONGEST_STEP = 400, 160

# BuildKit: `#12 [backend build 5/8] RUN npm ci`, `#12 1.234 text`, `#12 ERROR: ...`; the older one: `Step 5/8 : ...`.
_FAILED = re.compile(r"#(\d+) ERROR: (.*)")
_STEP = re.compile(r"#\d+ \[(?:(\S+) )?(?:\S+ )?(\d+)/(\d+)\] ")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_TIMED = re.compile(r"\d+\.\d+ ?")
_OLD_STEP = re.compile(r"Step \d+/\d+ : (.*)")
_NOISE = re.compile(r"#\d+ (?:CACHED|DONE|CANCELED|\.\.\.)|\s*$")
_TELLING = re.compile(
    r"error|err!|fatal|fail|cannot|can't|could not|unable|missing|denied|no such|not found|no space|exception|undefined"
    r"|unexpected|invalid|killed|refused|timed? ?out|must ",
    re.IGNORECASE,
)


class BuildError(CommandError):
    """An image cannot be built. `log` is the file with all that the build said."""

    def __init__(self, message: str, service: str, log: Path):
        super().__init__(message, service)
        self.log = str(log)


class BuildLog:
    """Keep one file for a release's builds, beside those of a few earlier ones. Secrets are not in it."""

    def __init__(self, directory: Path, release: str, secrets: Sequence[str] = ()):
        self.path = directory / f"{release}.log"
        self._secrets = list(secrets)

    def start(self) -> BuildLog:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        old = sorted(self.path.parent.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for path in old[KEPT_LOGS - 1 :]:
            path.unlink(missing_ok=True)
        return self

    def run(self, arguments: Sequence[str], timeout: float, service: str = "") -> None:
        """Run a build, whose output goes to the file. Raise BuildError with the lines that matter."""
        with open(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b") as file:
            start = file.seek(0, os.SEEK_END)
            with watched(self._told(start)):
                end = self._end(arguments, file, timeout)
            file.seek(start)
            output = mask(file.read().decode("utf-8", "replace"), self._secrets)
            file.truncate(start)
            file.write(output.encode())
        if end:
            raise BuildError(failure(output, end, service, self.path), service, self.path)

    def _told(self, start: int) -> Callable[[], str]:
        """Return what says which step a build is at, and shows what it has said since then, of where the file had been
        `start` bytes long."""
        read, step = start, ""

        def tell() -> str:
            nonlocal read, step
            with self.path.open("rb") as file:
                file.seek(read)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            read += len(whole)
            lines = mask(whole.decode("utf-8", "replace"), self._secrets).splitlines()
            for line in lines:
                LOGGER.debug("%s", line)
            step = at_work(lines) or step
            return step

        return tell

    @staticmethod
    def _end(arguments: Sequence[str], file, timeout: float) -> str:
        """Say why the program ended. Return an empty text when all went well."""
        try:
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            process = subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env={**os.environ, "BUILDKIT_PROGRESS": "plain"},
                timeout=timeout,
                check=False,
            )
        except FileNotFoundError as error:
            raise CommandError(f"{arguments[0]} is not installed on this host.") from error
        except subprocess.TimeoutExpired:
            return f"it took longer than {timeout:.0f} s"
        return f"{arguments[0]} exited with {process.returncode}" if process.returncode else ""


def at_work(lines: Sequence[str]) -> str:
    """Return the last step that a build has begun, empty before the first one."""
    for line in reversed(lines):
        if match := _STEP.match(line):
            return " ".join(filter(None, [match[1], f"build step {match[2]} of {match[3]}"]))
    return ""


def failure(output: str, end: str, service: str, log: Path) -> str:
    """Return the message for people: which step, what it said, where the rest is."""
    step, said, last = failing_step(_COLOUR.sub("", output).splitlines())
    name = f"{service}: its" if service else "An"
    head = f"{name} image cannot be built: {end}" + (f", in the step {step[:LONGEST_STEP]}" if step else "") + "."
    lines = [f"  {line[:LONGEST_LINE]}" for line in [*excerpt(said), *last]]
    return "\n".join(filter(None, [head, *lines, f"All that the build said is in {log}.", advice(step, said)]))


def failing_step(lines: Sequence[str]) -> tuple[str, list[str], list[str]]:
    """Return the step that failed, what it said, and the builder's words about it."""
    for line in lines:
        if match := _FAILED.match(line):
            prefix = f"#{match[1]} "
            mine = [text.removeprefix(prefix) for text in lines if text.startswith(prefix)]
            heads = [text for text in mine if text.startswith("[")]
            said = [_TIMED.sub("", text, count=1) for text in mine if _TIMED.match(text)]
            return (heads or [""])[0], said, [f"ERROR: {match[2]}"]
    for number in range(len(lines) - 1, -1, -1):
        if match := _OLD_STEP.match(lines[number]):
            return match[1], [text for text in lines[number + 1 : -1] if not text.startswith(" ---> ")], [lines[-1]]
    return "", [line for line in lines if not _NOISE.match(line)], []


def excerpt(lines: Sequence[str]) -> list[str]:
    """Return the first lines that tell of a fault, and the last lines. Programs like to end with pages of usage."""
    kept = [number for number, line in enumerate(lines) if line.strip() and _TELLING.search(line)][:FIRST_LINES]
    kept += range(max(len(lines) - LAST_LINES, 0), len(lines))
    result, before = [], -1
    for number in sorted(set(kept)):
        if number > before + 1:
            result.append("...")
        result.append(lines[number].rstrip())
        before = number
    return result
