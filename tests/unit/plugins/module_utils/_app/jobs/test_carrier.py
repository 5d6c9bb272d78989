# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of jobs with servers that die at any step: each moment runs once, and is noted."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.carrier import LOST_AFTER, RUNS, JobError, Seen
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.declared import Job
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.ledger import HAND, KEEP, KEEP_SKIPPED, STALE, TIMER
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._app.jobs.fake_place import JOB, MINUTE, Killed, Passing, World


def test_a_run_is_claimed_started_watched_and_noted():
    world = World()
    said, told = [], []
    carrier = world.server()
    carrier.say, carrier.event = said.append, told.append
    run = carrier.carry(carrier.fire(JOB))
    assert (run.state, run.code, run.kind, run.due, run.release, run.node) == ("ok", 0, TIMER, MINUTE, "r1", "n1")
    assert 3 <= run.seconds <= 5
    assert "hunter22" not in run.output + "".join(said)
    assert said == [run.output]
    assert told == [run]
    assert world.containers == {}


def test_of_several_servers_one_has_the_run():
    world = World()
    assert [bool(world.server(name).fire(JOB)) for name in ("one", "two", "three")] == [True, False, False]
    assert len(world.entries) == 1


@pytest.mark.parametrize(("code", "state", "why"), [(3, "failed", "exited with 3"), (None, "failed", "no such image")])
def test_a_run_that_fails_says_why(code, state, why):
    world = World(code=code)
    carrier = world.server()
    run = carrier.carry(carrier.fire(JOB))
    assert run.state == state
    assert why in run.reason


def test_one_that_takes_too_long_is_ended_and_has_failed():
    world = World(length=1000)
    carrier = world.server()
    run = carrier.carry(carrier.fire(JOB))
    assert run.state == "timed out"
    assert "longer than 300 s" in run.reason
    assert 300 <= run.seconds < 310


def test_one_whose_node_does_not_come_back_is_lost_and_not_run_again():
    world = World()
    carrier = world.server()
    world.away = True
    run = carrier.carry(carrier.fire(JOB))
    assert run.state == "lost"
    assert "n1 does not answer" in run.reason
    assert LOST_AFTER < run.seconds < LOST_AFTER + 15
    assert world.starts == [run.id]


def test_one_that_its_node_never_got_begins_on_another_one():
    world = World()
    carrier = world.server()
    run = carrier.advance(carrier.fire(JOB))
    look, answers = carrier.place.look, [Seen(RUNS, node="dead", is_away=True, is_unborn=True)]
    carrier.place.look = lambda run: answers.pop() if answers else look(run)
    done = carrier.carry(run)
    assert (done.state, done.node, done.attempt) == ("ok", "n1", 2)
    assert world.starts == [run.id, run.id]


def test_what_somebody_removed_is_lost():
    world = World()
    carrier = world.server()
    run = carrier.advance(carrier.fire(JOB))
    world.containers.clear()
    assert carrier.carry(run).state == "lost"


def test_the_next_is_skipped_while_one_runs_and_that_is_noted():
    world = World(length=90)
    first = world.server().fire(JOB)
    first = world.server().advance(first)
    world.now += 60
    first = world.server().advance(first)
    second = world.server("two").fire(JOB)
    assert (second.state, second.reason) == ("skipped", f"its run {first.id} has not ended")


def test_an_overlap_that_is_allowed_begins():
    world, job = World(length=90), replace(JOB, overlap="allow")
    carrier = world.server()
    carrier.advance(carrier.fire(job))
    world.now += 60
    second = carrier.advance(carrier.fire(job))
    assert second.state == "running"
    assert len(world.starts) == 2


def test_a_stopped_app_runs_nothing_and_says_so():
    world = World()
    world.stopped = "the app is stopped"
    run = world.server().fire(JOB)
    assert (run.state, run.reason) == ("skipped", "the app is stopped")
    with pytest.raises(JobError, match="digest was not started: the app is stopped"):
        world.server().begin(JOB, world.now, HAND)
    assert len(world.entries) == 1


def test_a_run_by_hand_gives_way_to_one_that_began_at_the_same_moment():
    world = World()
    carrier = world.server()
    real, others = carrier.place.claim, []

    def claim(run):
        if not others:
            others.append(world.server("two").fire(JOB))
        return real(run)

    carrier.place.claim = claim
    mine = carrier.begin(JOB, world.now, HAND)
    assert (mine.state, mine.reason) == ("skipped", "another run began")
    assert others[0].state == "claimed"


def test_a_clock_that_is_set_back_runs_nothing_twice():
    world = World()
    for _ in range(KEEP + 5):
        carrier = world.server()
        carrier.carry(carrier.fire(JOB))
        world.now = MINUTE + 60.0 * len(world.starts)
    assert len(world.entries) == KEEP
    for minutes in range(1, KEEP + 6):
        world.now = MINUTE + 60.0 * (KEEP + 5 - minutes)
        assert world.server().fire(JOB) is None
    assert len(world.starts) == KEEP + 5


def test_a_clock_that_goes_ahead_keeps_nobody_from_the_moments_before():
    world = World()
    ahead = world.server("two")
    ahead.clock = lambda: world.now + 86400
    ahead.carry(ahead.fire(JOB))
    carrier = world.server()
    assert carrier.carry(carrier.fire(JOB)).due == MINUTE


def test_what_was_skipped_takes_no_place_of_what_ran():
    world = World()
    carrier = world.server()
    ran = carrier.carry(carrier.fire(JOB))
    for number in range(1, 40):
        world.now = MINUTE + 60.0 * number
        world.stopped = "the app is stopped"
        carrier.fire(JOB)
    world.stopped = ""
    world.now += 60
    carrier.carry(carrier.fire(JOB))
    assert ran.id in world.entries
    assert sum(run.state == "skipped" for run in world.entries.values()) == KEEP_SKIPPED


def test_a_timer_that_fires_for_nothing_is_an_error():
    world, job = World(), Job("digest", "api", ("x",), "Mon *-*-* 03:00")
    with pytest.raises(JobError, match="nothing was due"):
        world.server().fire(job)
    assert world.server().fire(replace(job, catch_up=True)).kind == TIMER


def test_what_was_due_before_its_declaration_is_not_missed():
    assert World().server().fire(JOB, since=MINUTE + 1) is None


def test_a_place_that_does_not_answer_is_asked_again():
    world = World()
    carrier, asked = world.server(), []
    real = carrier.place.runs

    def runs():
        asked.append(1)
        if len(asked) < 4:
            raise Passing
        return real()

    carrier.place.runs = runs
    assert carrier.fire(JOB).state == "claimed"
    carrier.place.runs = lambda: (_ for _ in ()).throw(Passing())
    with pytest.raises(Passing):
        carrier.fire(JOB)


def test_another_server_goes_on_and_the_first_one_notices():
    world = World(length=100)
    one, two = world.server("one"), world.server("two")
    mine = one.advance(one.fire(JOB))
    world.now += STALE + 1
    assert two.tidy() == []
    assert world.entries[mine.id].by == "two"
    world.now += 60
    assert one.carry(mine) is None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 14), max_size=3), st.floats(0.5, 100), st.sampled_from([0, 2]))
def test_whichever_servers_die_at_whichever_step_a_moment_runs_once(deaths, length, code):
    world = World(length, code)
    ends = []

    def alive(name, act, die_at=0):
        carrier = world.server(name, die_at)
        carrier.event = ends.append
        with contextlib.suppress(Killed):
            act(carrier)

    def due(carrier):
        run = carrier.fire(JOB)
        if run:
            carrier.carry(run)

    for number, step in enumerate(deaths):
        alive(f"dying{number}", due, step)
        world.now += STALE + 1
        alive(f"tidying{number}", lambda carrier: carrier.tidy(), step)
        world.now += STALE + 1
    alive("well", lambda carrier: carrier.fire(replace(JOB, catch_up=True)) and None)
    for _ in range(10):
        world.now += STALE + 1
        alive("well", lambda carrier: carrier.tidy())
    first = [run for run in world.entries.values() if run.due == MINUTE]
    assert len([id for id in world.starts if id in {run.id for run in first}]) == len(first)
    assert all(run.state == ("failed" if code else "ok") for run in first)
    assert len(set(world.starts)) == len(world.starts)
