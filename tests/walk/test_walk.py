# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk itself: it counts, finds the shortest failing sequence, and is taken up where it was stopped."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import rule

from tests.walk.command import Progress, go
from tests.walk.role import Role, action_of
from tests.walk.walk import Ground, Walk, told, walk


class Counter(Walk):
    """Fails when it was raised three times."""

    limit = 3

    def __init__(self) -> None:
        super().__init__()
        self.value = 0

    @rule(by=st.integers(1, 5))
    def add(self, by: int) -> None:
        self.value += 1
        assert self.value < self.limit, "too much"

    @rule()
    def look(self) -> None:
        pass


class Patient(Counter):
    limit = 10_000


def test_the_shortest_failing_sequence_is_told():
    failure = walk(Ground(Counter, steps=20, walks=20), 1).failure
    assert failure.count("state.add(by=1)") == 3, failure
    assert "state.look" not in failure
    assert "too much" in failure


class Slow(Walk):
    """Fails at the third raise, however many rests there were."""

    def __init__(self) -> None:
        super().__init__()
        self.value = 0

    @rule(by=st.integers(1, 5))
    @told
    def raise_it(self, by: int) -> None:
        self.value += 1
        assert self.value < 3, "too much"

    @rule(how=st.integers(1, 5))
    @told
    def pause(self, how: int) -> None:
        pass


def test_a_slow_walk_is_shortened_within_so_many_tries():
    def failure(seed: int, tries: int) -> str:
        return walk(Ground(Slow, steps=20, walks=20, shorten=False, tries=tries), seed).failure

    seed = next(seed for seed in range(50) if "state.pause" in failure(seed, 0))
    assert failure(seed, 0).count("state.") > 3
    assert failure(seed, 30).count("state.") == 3
    assert "too much" in failure(seed, 30)


def test_a_ground_of_slow_steps_is_not_walked_again_and_again():
    before = Walk.steps
    assert walk(Ground(Counter, steps=20, walks=20, shorten=False), 1).failure
    assert Walk.steps - before < 60


def test_a_seed_gives_the_same_walk_again():
    first, second = (walk(Ground(Patient, steps=20, walks=5), 7) for _ in range(2))
    assert first == second
    assert first.steps > 20


def test_a_walk_is_taken_up_where_it_was_stopped(tmp_path):
    where, file, out = Ground(Patient, steps=20, walks=5), tmp_path / "patient.json", io.StringIO()
    assert go("patient", where, 50, Progress(file), out)
    stopped = Progress(file)
    assert stopped.steps >= 50
    assert go("patient", where, 300, Progress(file), out)
    assert Progress(file).seed > stopped.seed
    assert f"{stopped.steps} of 50 steps" in out.getvalue()
    assert "of 300 steps" in out.getvalue()
    assert "seed 1:" not in out.getvalue().split("of 50 steps")[-1].partition("\n")[2]


def test_a_finished_walk_is_followed_by_one_on_new_seeds(tmp_path):
    where, file = Ground(Patient, steps=20, walks=5), tmp_path / "patient.json"
    go("patient", where, 20, Progress(file), io.StringIO())
    seed = Progress(file).seed
    go("patient", where, 20, Progress(file), io.StringIO())
    assert Progress(file).seed > seed


def test_a_failure_stands_first_in_the_next_call(tmp_path):
    where, file = Ground(Counter, steps=20, walks=20), tmp_path / "counter.json"
    outputs = [io.StringIO(), io.StringIO()]
    assert [go("counter", where, 500, Progress(file), out) for out in outputs] == [False, False]
    assert outputs[0].getvalue() == outputs[1].getvalue()
    assert "scripts/walk counter --seed 1" in outputs[0].getvalue()


def _read(role: Role, tasks: list[dict[str, Any]]) -> int:
    """How many tasks there are, those of includes and blocks too."""
    count = 0
    for task in tasks:
        if "block" in task:
            count += sum(_read(role, task.get(part, [])) for part in ("block", "rescue", "always"))
        elif (action := action_of(task)).endswith(("import_tasks", "include_tasks")):
            count += _read(role, role.tasks_of(task[action]))
        else:
            count += 1
    return count


@pytest.mark.parametrize("name", ["app_compose", "base", "docker", "nginx"])
def test_every_task_of_a_role_that_is_walked_is_understood(name):
    """Without a droplet: the walk of hosts itself comes last in `make test`."""
    role = Role(name)
    assert _read(role, role.read("tasks/main.yml")) > 10
