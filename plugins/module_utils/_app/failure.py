# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of a failure, the same for both runners: what failed, why, what serves now, what to do. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A line that says why, among those that a program prints around it. The first pattern that fits any line wins.
TELLING = (
    re.compile(r"no space left on device", re.IGNORECASE),
    re.compile(r"out of memory|OOM|cannot allocate", re.IGNORECASE),
    re.compile(r"\b(fatal|panic|denied|refused|not found|no such|unknown|invalid|undefined|missing|must)\b", re.I),
    re.compile(r"error\b|failed\b|exception\b", re.IGNORECASE),
)
# What follows a line like this says more than the line.
ANNOUNCES = re.compile(r":$|cannot be built: ")
HEALTH_LENGTH = 300
DECORATION = re.compile(r"^[\s>#*|=-]*|\x1b\[[0-9;]*[A-Za-z]")
CURES = (
    (
        re.compile(r"no space left on device|the disk is full|MiB are free", re.IGNORECASE),
        "Make room on the host and run again: `docker system df` says who has it, `docker builder prune` frees some.",
    ),
    (
        re.compile(r"data service, is stopped"),
        "playbooks/deploy.yml starts a data service that was stopped by hand; playbooks/logs.yml shows why it ended.",
    ),
)


@dataclass(frozen=True)
class Failure:
    """What is known of a run that failed, after it was undone."""

    reason: str
    release: str = ""  # what was to become live; empty when the run failed before it had a name
    step: str = ""
    serving: str = ""  # the release that visitors meet now
    facts: Sequence[str] = ()  # exit codes, health checks' output, stopped databases, a full disk
    service: str = ""
    logs: str = ""
    trouble: Sequence[str] = ()  # what could not be undone
    kept: str = ""  # how the runner says that all is as before
    opening: str = ""  # for what is no release, such as another number of tasks

    @property
    def is_of_live(self) -> bool:
        return bool(self.release) and self.release == self.serving


def render(failure: Failure) -> str:
    """Return the whole message, the reason first and the cure last."""
    parts = [
        _opening(failure),
        failure.reason.strip(),
        *[fact for fact in failure.facts if fact not in failure.reason],
        _log_lines(failure),
        *[f"Not undone: {what}" for what in failure.trouble],
        _serving(failure),
        *_cures(failure),
    ]
    return "\n".join(part for part in parts if part)


def _opening(failure: Failure) -> str:
    if failure.opening:
        opening = failure.opening
    elif failure.is_of_live:
        opening = f"Release {failure.release} is live, but is not as it is declared"
    elif failure.release:
        opening = f"Release {failure.release} is not live"
    else:
        opening = "Nothing was released"
    return f"{opening}: {failure.step}" if failure.step else f"{opening}."


def _log_lines(failure: Failure) -> str:
    logs = failure.logs.rstrip()
    if not logs or logs.startswith("---"):  # of several services, each with its own heading
        return logs
    return f"--- last log lines{' of ' + failure.service if failure.service else ''}\n{logs}"


def _serving(failure: Failure) -> str:
    if failure.is_of_live:
        return f"{failure.kept or 'Nothing else is live'}: playbooks/status.yml says what of it runs."
    if failure.serving and failure.trouble:
        return f"Release {failure.serving} was live before: playbooks/status.yml says what of it runs."
    if failure.serving:
        return f"{failure.kept + ': ' if failure.kept else 'Release '}{failure.serving} goes on serving."
    return "No release is live."


def _cures(failure: Failure) -> list[str]:
    told = "\n".join([failure.reason, *failure.facts, failure.logs])
    return [cure for pattern, cure in CURES if pattern.search(told)]


def health_output(state: Mapping[str, Any], always: bool = False) -> str:
    """Return what the last failed check said, or the last one of any kind. Empty when all is well."""
    health = state.get("Health") or {}
    log = health.get("Log") or []
    failed = [entry for entry in log if entry.get("ExitCode")]
    if not log or not (always or (failed and health.get("Status") == "unhealthy")):
        return ""
    entry = (failed or log)[-1]
    output = " ".join((entry.get("Output") or "").split())[-HEALTH_LENGTH:] or "nothing"
    return f"{output} (exit code {entry.get('ExitCode', 0)})"


def headline(text: str, limit: int = 200) -> str:
    """Return the line that says why, for a list of releases. Never the announcement of another line."""
    lines = [stripped for line in text.splitlines() if (stripped := DECORATION.sub("", line).strip())]
    if not lines:
        return ""
    first = lines[0]
    if len(lines) == 1 or not ANNOUNCES.search(first):
        return shorten(first, limit)
    rest = lines[1:]
    otherwise = rest[-1] if "exited with" in first else rest[0]
    telling = next((line for pattern in TELLING for line in rest if pattern.search(line)), otherwise)
    return shorten(f"{first.rstrip(':.')}: {telling}", limit)


def shorten(line: str, limit: int) -> str:
    """Cut the middle out of a long text: the beginning says what, the end says why."""
    if len(line) <= limit:
        return line
    head = (limit - 5) // 3
    return f"{line[:head].rstrip()} ... {line[-(limit - 5 - head) :].lstrip()}"
