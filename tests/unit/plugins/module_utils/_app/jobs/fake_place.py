# SPDX-License-Identifier: GPL-3.0-or-later
"""A place of jobs without an engine, which several servers share, and of which any may die at any step."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.carrier import ENDED, MISSING, RUNS, Carrier, Seen
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.declared import Job

MINUTE = 1_800_000_000 - 1_800_000_000 % 60
JOB = Job("digest", "api", ("node", "digest.js"), "minutely", timeout=300)


class Passing(Exception):
    """The place does not answer for a moment."""


class Killed(BaseException):
    """The server has died here."""


class World:
    """What all servers share: time, the ledger and what runs. `length` is how long a run takes, `code` its exit."""

    def __init__(self, length=3.0, code=0):
        self.now = float(MINUTE)
        self.entries, self.containers, self.starts = {}, {}, []
        self.length, self.code, self.stopped, self.away = length, code, "", False

    def server(self, name="one", die_at=0) -> Carrier:
        return Carrier(Place(self, name, die_at), ["hunter22"], clock=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds):
        self.now += seconds


class Place:
    passing = (Passing,)

    def __init__(self, world, name, die_at):
        self.world, self.name, self.die_at, self.steps = world, name, die_at, 0

    def _step(self):
        self.steps += 1
        if self.steps == self.die_at:
            raise Killed

    def runs(self):
        return list(self.world.entries.values())

    def claim(self, run):
        self._step()
        if run.id in self.world.entries:
            return None
        self.world.entries[run.id] = replace(run, version=1)
        self._step()
        return self.world.entries[run.id]

    def update(self, run):
        self._step()
        if self.world.entries[run.id].version != run.version:
            return None
        self.world.entries[run.id] = replace(run, version=run.version + 1)
        self._step()
        return self.world.entries[run.id]

    def forget(self, run):
        del self.world.entries[run.id]

    def hindrance(self):
        return self.world.stopped

    def release(self):
        return "r1"

    def start(self, run):
        self._step()
        if self.world.code is None:
            raise RuntimeError("no such image")
        if run.id not in self.world.containers:
            self.world.containers[run.id] = self.world.now
            self.world.starts.append(run.id)
        self._step()

    def look(self, run):
        began = self.world.containers.get(run.id)
        if began is None:
            return Seen(MISSING)
        if self.world.now - began >= self.world.length and not self.world.away:
            return Seen(ENDED, self.world.code, "n1")
        return Seen(RUNS, node="n1", is_away=self.world.away)

    def output(self, run):
        return "password hunter22\n" if run.id in self.world.containers else ""

    def stop(self, run):
        self._step()
        self.world.length = 0

    def clean(self, run):
        self._step()
        self.world.containers.pop(run.id, None)
