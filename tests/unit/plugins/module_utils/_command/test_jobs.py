# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.carrier import JobError
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import Run
from ansible_collections.izzzi.infra.plugins.module_utils._command import jobs
from ansible_collections.izzzi.infra.plugins.module_utils._command.settings import App, CommandFailed

DECLARED = {"digest": {"service": "api", "command": ["x"], "schedule": "minutely"}}
RUN = Run("digest", "r1", 0.0, "api", ("x",), 60.0, state="ok")


class Runner:
    app = App("shop", "compose", jobs=DECLARED, hidden=("hunter22",))
    explained = contextlib.nullcontext

    def act(self, verb, **params):
        if verb == "jobs":
            return {"jobs": [{"name": "digest"}], "listed": ["digest minutely"]}
        state = params["job"]
        return {"logs": "said\n", "job": {"state": state}, "ended": f"it ended: {state}"}


def typed(deed="", name="", id="", **given):
    return SimpleNamespace(deed=deed, name=name, id=id, **{"format": "text", "check": False, **given})


@pytest.fixture
def carried(monkeypatch):
    """What a carrier does is given."""
    carrier = SimpleNamespace(
        place=SimpleNamespace(runs=lambda: [RUN]), fire=lambda job, since: RUN, carry=lambda run: run
    )
    monkeypatch.setattr(jobs, "carrying", lambda _runner: carrier)
    return carrier


def test_without_more_words_they_are_listed():
    assert jobs.jobs(Runner(), typed()) == ["digest minutely"]
    assert '"name": "digest"' in jobs.jobs(Runner(), typed(format="json"))[0]


def test_one_that_is_run_says_what_it_said_and_fails_when_it_failed(capsys):
    assert jobs.jobs(Runner(), typed("run", "ok")) == ["it ended: ok"]
    assert capsys.readouterr().out == "said\n"
    with pytest.raises(CommandFailed, match="it ended: failed"):
        jobs.jobs(Runner(), typed("run", "failed"))
    with pytest.raises(CommandFailed, match=r"name of the job is missing\. Usage: izzzi jobs"):
        jobs.jobs(Runner(), typed("run"))


def test_a_timer_runs_what_is_due(carried):
    carried.fire = lambda job, since: Run(**{**RUN.__dict__, "state": "claimed"})
    carried.carry = lambda run: RUN
    assert "ok" in jobs.jobs(Runner(), typed("fire", "digest"))[0]
    carried.carry = lambda run: Run(**{**RUN.__dict__, "state": "failed", "reason": "it exited with 3"})
    with pytest.raises(CommandFailed, match="it exited with 3"):
        jobs.jobs(Runner(), typed("fire", "digest"))
    carried.carry = lambda run: None
    assert "Another server" in jobs.jobs(Runner(), typed("fire", "digest"))[0]


def test_a_timer_of_a_server_that_does_not_have_the_run_ends_well(carried):
    carried.fire = lambda job, since: None
    assert "another server has this run" in jobs.jobs(Runner(), typed("fire", "digest"))[0]
    skipped = Run(**{**RUN.__dict__, "state": "skipped", "reason": "the app is stopped"})
    carried.fire = lambda job, since: skipped
    assert "the app is stopped" in jobs.jobs(Runner(), typed("fire", "digest"))[0]


def test_runs_that_may_overlap_get_units_of_their_own(carried, monkeypatch):
    asked = []
    monkeypatch.setattr(jobs, "run_program", asked.append)
    monkeypatch.setattr(
        Runner, "app", App("shop", "compose", jobs={"digest": {**DECLARED["digest"], "overlap": "allow"}})
    )
    carried.fire = lambda job, since: Run(**{**RUN.__dict__, "state": "claimed"})
    assert "run r1 has begun" in jobs.jobs(Runner(), typed("fire", "digest"))[0]
    assert asked[1][0] == "systemd-run"


def test_a_run_is_carried_by_its_name(carried):
    assert "ok" in jobs.jobs(Runner(), typed("carry", "digest", "r1"))[0]
    with pytest.raises(CommandFailed, match="There is no run r2 of digest"):
        jobs.jobs(Runner(), typed("carry", "digest", "r2"))


def test_what_failed_with_a_dead_server_is_loud(carried):
    carried.tidy = lambda: [RUN]
    assert jobs.jobs(Runner(), typed("tidy")) == []
    carried.tidy = lambda: [RUN, Run(**{**RUN.__dict__, "state": "lost", "reason": "its node is gone"})]
    with pytest.raises(CommandFailed, match="its node is gone"):
        jobs.jobs(Runner(), typed("tidy"))


def test_an_unknown_job_is_told(carried):
    with pytest.raises(CommandFailed, match=r"There is no job nope on this host\. There are: digest\."):
        jobs.jobs(Runner(), typed("fire", "nope"))

    def refuse(job, since):
        raise JobError("nothing was due")

    carried.fire = refuse
    with pytest.raises(CommandFailed, match="nothing was due"):
        jobs.jobs(Runner(), typed("fire", "digest"))


def test_timers_are_installed_and_looked_at(monkeypatch):
    monkeypatch.setattr(jobs.units, "install", lambda app, declared: [f"{app} {sorted(declared)}"])
    monkeypatch.setattr(jobs.units, "is_due", lambda app, declared: True)
    assert jobs.jobs(Runner(), typed("install")) == ["shop ['digest']"]
    assert jobs.jobs(Runner(), typed("uninstall")) == ["shop []"]
    with pytest.raises(CommandFailed, match="timers of this host"):
        jobs.jobs(Runner(), typed("install", check=True))
