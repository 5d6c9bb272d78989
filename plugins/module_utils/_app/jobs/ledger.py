# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of an app's jobs: one entry for each moment at which a job was due, and for each run by hand. Pure.

Where entries are kept, a name can be made once, however many servers try. An entry is changed by whoever has read it
as it is now, and by nobody else.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

CLAIMED, RUNNING = "claimed", "running"
OK, FAILED, TIMED_OUT, LOST, SKIPPED = "ok", "failed", "timed out", "lost", "skipped"
BROKEN = (FAILED, TIMED_OUT, LOST)
TIMER, HAND = "timer", "hand"

KEEP, KEEP_SKIPPED = 20, 5  # entries of one job
STALE = 45.0  # seconds without a sign of life, after which anybody goes on with a run
OUTPUT = 8 * 1024  # characters of a run's last lines that an entry keeps


@dataclass(frozen=True)
class Run:
    """One run of a job. Times are seconds since 1970; `by` is the server that looks after it, `node` the one where it
    runs. `version` tells this state of the entry from later ones, and is not part of it."""

    job: str
    id: str
    due: float
    service: str
    command: tuple[str, ...]
    timeout: float
    kind: str = TIMER
    state: str = CLAIMED
    by: str = ""
    claimed: float = 0.0
    beat: float = 0.0
    attempt: int = 0
    started: float = 0.0
    ended: float = 0.0
    code: int | None = None
    node: str = ""
    release: str = ""
    reason: str = ""
    output: str = ""
    away: float = 0.0  # since when its node does not answer
    version: int = 0

    @property
    def is_over(self) -> bool:
        return self.state not in (CLAIMED, RUNNING)

    @property
    def is_broken(self) -> bool:
        return self.state in BROKEN

    @property
    def seconds(self) -> float | None:
        """Return how long it ran, or None for one that has not ended, or never began."""
        return max(self.ended - self.started, 0.0) if self.started and self.ended else None

    def is_stale(self, now: float) -> bool:
        return not self.is_over and now - self.beat > STALE


def moment(stamp: float) -> str:
    """Write a moment so that it can be part of a name."""
    return time.strftime("%Y%m%dt%H%M%Sz", time.gmtime(stamp))


def variables(run: Run) -> dict[str, str]:
    """Return the variables by which a job knows which run it is, so that it can tell one that it has done already."""
    due = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(run.due))
    return {"IZZZI_JOB": run.job, "IZZZI_JOB_RUN": run.id, "IZZZI_JOB_DUE": due}


def id_of(due: float, kind: str) -> str:
    """Return what a run is called: that of a timer follows from when it was due."""
    return moment(due) if kind == TIMER else f"{moment(due)}-{secrets.token_hex(2)}"


def dump(run: Run) -> str:
    """Write an entry."""
    given = {key: value for key, value in asdict(run).items() if key != "version"}
    return json.dumps(given, sort_keys=True)


def load(text: str | Mapping[str, Any], version: int = 0) -> Run:
    """Read an entry, also one with fields that this version does not know. Raise ValueError when it is damaged."""
    try:
        given = json.loads(text) if isinstance(text, str) else dict(text)
        known = {field.name for field in fields(Run)}
        given = {key: value for key, value in given.items() if key in known}
        return replace(Run(**{**given, "command": tuple(given["command"])}), version=version)
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not an entry of a job: {error}") from error


def of_job(runs: Iterable[Run], job: str) -> list[Run]:
    """Return a job's entries, the newest first."""
    return sorted((run for run in runs if run.job == job), key=lambda run: (run.due, run.id), reverse=True)


def is_settled(due: float, runs: Iterable[Run]) -> bool:
    """Tell whether a moment has had its turn: it has its entry, or is older than what a full ledger remembers. A clock
    that was set back asks for such a moment again."""
    mine = [run for run in runs if run.kind == TIMER]
    if any(run.due == due for run in mine):
        return True
    for skipped, limit in ((False, KEEP), (True, KEEP_SKIPPED)):
        some = [run.due for run in mine if (run.state == SKIPPED) is skipped]
        if len(some) >= limit and due < min(some):
            return True
    return False


def surplus(runs: Iterable[Run]) -> list[Run]:
    """Return the entries of one job that are too many: the oldest, those of skipped runs for themselves, so that a day
    with the app stopped does not take the place of what ran."""
    over = sorted((run for run in runs if run.is_over), key=lambda run: (run.due, run.id), reverse=True)
    ran = [run for run in over if run.state != SKIPPED]
    return ran[KEEP:] + [run for run in over if run.state == SKIPPED][KEEP_SKIPPED:]


def last_lines(text: str, limit: int = OUTPUT) -> str:
    """Return the end of an output, in whole lines."""
    if len(text) <= limit:
        return text
    return "[...]\n" + text[-limit:].partition("\n")[2]
