# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes runs of jobs from their due moment to their entry in the ledger, whichever server does it and whichever dies.

A run is claimed, started, watched and noted. Each step is read from what there is, so that any server can go on where
another one stopped. What runs, and where the ledger is, is the place's: one server, or a Swarm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from ..._secrets.mask import mask
from .declared import FORBID, Job
from .ledger import (
    CLAIMED,
    FAILED,
    HAND,
    LOST,
    OK,
    RUNNING,
    SKIPPED,
    TIMED_OUT,
    TIMER,
    Run,
    id_of,
    is_settled,
    last_lines,
    of_job,
    surplus,
)

MISSING, RUNS, ENDED = "missing", "runs", "ended"  # states of Seen
SLACK = 2.0  # seconds by which a clock may have been set back since a timer fired
LATE = 15 * 60.0  # seconds after which a timer without catch_up has not fired for the moment before
LOOK_EVERY = 1.0
BEAT_EVERY = 10.0
LOST_AFTER = 90.0  # seconds without a word of the node that runs it
PATIENCE = 300.0  # seconds for which the place may not answer, as between two leaders of a Swarm


class JobError(Exception):
    """A job cannot be run; the message says why, and what to do."""


@dataclass(frozen=True)
class Seen:
    """What there is of a run: `error` says why it does not run, or ended; `is_away` that its node does not answer,
    `is_unborn` that this node has never said that it has got the run, and `is_lost` that it ended with its server."""

    state: str
    code: int = 0
    node: str = ""
    error: str = ""
    is_away: bool = False
    is_unborn: bool = False
    is_lost: bool = False


class Place(Protocol):
    """Where jobs run. `passing` are errors that may be over a moment later."""

    name: str
    passing: tuple[type[Exception], ...]

    def runs(self) -> list[Run]: ...

    def claim(self, run: Run) -> Run | None:
        """Make the entry, or return None where there is one of its name."""

    def update(self, run: Run) -> Run | None:
        """Change the entry, or return None when somebody else has changed it since it was read."""

    def forget(self, run: Run) -> None: ...

    def hindrance(self) -> str:
        """Say why no job starts now; empty when they may."""

    def release(self) -> str: ...

    def start(self, run: Run) -> None: ...

    def look(self, run: Run) -> Seen: ...

    def output(self, run: Run) -> str: ...

    def stop(self, run: Run) -> None:
        """End it, and return when it has ended."""

    def clean(self, run: Run) -> None:
        """Remove what is left of a run that is noted."""


def silent(_text: str) -> None:
    """Say nothing."""


@dataclass
class Carrier:
    """Carries runs. `hidden` is what no output shows, `say` gets what a run wrote, `event` its end."""

    place: Place
    hidden: Sequence[str] = ()
    say: Callable[[str], None] = silent
    event: Callable[[Run], None] = lambda _run: None
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    def fire(self, job: Job, since: float = 0.0) -> Run | None:
        """Claim the run that is due now. Return None when somebody else has it, or it was due before `since`, when the
        schedule was declared. Raise JobError when nothing is due."""
        now = self.clock()
        due = job.due(now + SLACK)
        if due is None or (now - due > LATE and not job.catch_up):
            raise JobError(
                f"The timer of {job.name} fired, and nothing was due. Look at the clock of {self.place.name}."
            )
        if due < since:
            return None
        return self.patiently(lambda: self._fire(job, due))

    def _fire(self, job: Job, due: float) -> Run | None:
        runs = of_job(self.place.runs(), job.name)
        if is_settled(due, runs):
            mine = (r for r in runs if r.due == due and r.kind == TIMER and r.by == self.place.name)
            return next((r for r in mine if r.state == CLAIMED), None)  # the answer to its claim was lost
        self.settle(runs)
        return self.begin(job, due, TIMER)

    def begin(self, job: Job, due: float, kind: str) -> Run | None:
        """Claim a run, unless the app is stopped or another one runs: then that is noted, or, by hand, raised."""
        why = self.place.hindrance() or self._overlap(job)
        if why and kind == HAND:
            raise JobError(f"{job.name} was not started: {why}.")
        now = self.clock()
        run = Run(job.name, id_of(due, kind), due, job.service, job.command, job.timeout, kind, by=self.place.name)
        run = replace(run, claimed=now, beat=now, release="" if why else self.place.release())
        if why:
            run = replace(run, state=SKIPPED, reason=why, ended=now)
        mine = self.place.claim(run)
        if mine is None or mine.is_over or job.overlap != FORBID:
            return mine
        return self._alone(mine)

    def _overlap(self, job: Job) -> str:
        others = [run for run in of_job(self.place.runs(), job.name) if not run.is_over]
        return f"its run {others[0].id} has not ended" if others and job.overlap == FORBID else ""

    def _alone(self, mine: Run) -> Run | None:
        """Return the run when no other one was claimed at the same moment. One by hand gives way to a timer's."""
        for _try in range(60):
            others = [r for r in of_job(self.place.runs(), mine.job) if not r.is_over and r.id != mine.id]
            if not others:
                return mine
            if mine.kind == HAND or any(r.state == RUNNING or r.kind == TIMER for r in others):
                break
            self.sleep(LOOK_EVERY / 2)
        return self.place.update(replace(mine, state=SKIPPED, reason="another run began", ended=self.clock()))

    def carry(self, run: Run) -> Run | None:
        """Take a run to its end. Return None when another server goes on with it."""
        current: Run | None = run
        while current is not None and not current.is_over:
            current = self.patiently(partial(self.advance, current))
            if current is not None and not current.is_over:
                self.sleep(LOOK_EVERY)
        return current

    def advance(self, run: Run) -> Run | None:
        """Do the next thing for a run that is not over. Return it as it is then, or None when it is somebody else's."""
        seen, now = self.place.look(run), self.clock()
        if run.state == CLAIMED and seen.state == MISSING:
            if now - run.claimed > max(run.timeout, PATIENCE):
                return self._finish(run, FAILED, "it could not be started in its time")
            return self._start(run)
        if run.state == CLAIMED:  # somebody has started it, and did not live to note it
            return self._note(run, state=RUNNING, started=now)
        if seen.state == MISSING:
            return self._finish(run, LOST, "it is gone, and nobody knows how it ended")
        if seen.state == ENDED:
            return self._ended(run, seen)
        if seen.is_unborn:
            return self._again(run)
        if now - run.started > run.timeout:
            return self._end(run, seen)
        if seen.is_away and run.away and now - run.away > LOST_AFTER:
            told = f"its node {seen.node} does not answer: what it did until then is not known"
            return self._finish(run, LOST, told, node=seen.node)
        if seen.is_away != bool(run.away) or now - run.beat > BEAT_EVERY:
            return self._note(run, node=seen.node, away=(run.away or now) if seen.is_away else 0.0)
        return run

    def _again(self, run: Run) -> Run | None:
        """Take a run that never began away from a node that has died, so that another node gets it."""
        mine = self._note(run, state=CLAIMED, started=0.0, away=0.0)
        if mine is not None:
            self.place.clean(mine)
        return mine

    def _end(self, run: Run, seen: Seen) -> Run | None:
        said = self.place.output(run)  # a Swarm forgets it with the task
        self.place.stop(run)
        why = f"it took longer than {run.timeout:.0f} s, and was ended{': ' if seen.error else ''}{seen.error}"
        return self._finish(run, TIMED_OUT, why, node=seen.node, said=said)

    def _start(self, run: Run) -> Run | None:
        # First the note that this server does it: two never start one run at the same time.
        mine = self._note(run, attempt=run.attempt + 1)
        if mine is None:
            return None
        try:
            self.place.start(mine)
        except self.place.passing:
            raise
        except Exception as error:  # whatever it is, it has to be told
            return self._finish(mine, FAILED, f"it could not be started: {error}")
        return self._note(mine, state=RUNNING, started=self.clock())

    def _ended(self, run: Run, seen: Seen) -> Run | None:
        if seen.is_lost:
            return self._finish(run, LOST, seen.error, seen.code, seen.node)
        if seen.code or seen.error:
            return self._finish(run, FAILED, seen.error or f"it exited with {seen.code}", seen.code, seen.node)
        return self._finish(run, OK, "", 0, seen.node)

    def _note(self, run: Run, **values) -> Run | None:
        return self.place.update(replace(run, **{"by": self.place.name, "beat": self.clock(), **values}))

    def _finish(
        self, run: Run, state: str, reason: str, code: int | None = None, node: str = "", said: str = ""
    ) -> Run | None:
        """Note the end, and only then remove what is left, so that nothing ends without a note."""
        text = mask(max(self.place.output(run), said, key=len), self.hidden)
        noted = self._note(
            run,
            state=state,
            reason=mask(reason, self.hidden),
            code=code,
            node=node or run.node,
            ended=self.clock(),
            output=last_lines(text),
        )
        if noted is None:
            return None
        self.place.clean(noted)
        self.say(text)
        self.event(noted)
        for old in surplus(of_job(self.place.runs(), run.job)):
            self.place.forget(old)
        return noted

    def settle(self, runs: Iterable[Run]) -> list[Run]:
        """Go on with runs that nobody looks after any more. Return those that have ended by it."""
        found = []
        for run in runs:
            if run.is_over or not (run.is_stale(self.clock()) or self.place.look(run).state == ENDED):
                continue
            moved = self.advance(run)
            if moved is not None and moved.is_over:
                found.append(moved)
        return found

    def tidy(self) -> list[Run]:
        """Settle what is stale, of all jobs."""
        return self.patiently(lambda: self.settle(r for r in self.place.runs() if r.is_stale(self.clock())))

    def patiently(self, act: Callable):
        """Do something again while the place does not answer for a moment."""
        began = self.clock()
        while True:
            try:
                return act()
            except self.place.passing:
                if self.clock() - began > PATIENCE:
                    raise
                self.sleep(2 * LOOK_EVERY)
