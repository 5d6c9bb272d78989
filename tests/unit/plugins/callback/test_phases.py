# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.callback.phases import Phase, Stopwatch, render_table


def stopwatch_with_ticks(*ticks: float) -> Stopwatch:
    return Stopwatch(clock=iter(ticks).__next__)


def test_time_between_two_starts_belongs_to_the_first_phase():
    watch = stopwatch_with_ticks(10.0, 13.0, 13.0, 18.0)
    watch.start_task("base")
    watch.start_task("docker")
    watch.stop()
    assert [(p.name, p.seconds, p.tasks) for p in watch.phases.values()] == [("base", 3.0, 1), ("docker", 5.0, 1)]


def test_a_phase_that_comes_back_is_one_phase():
    watch = stopwatch_with_ticks(0.0, 1.0, 1.0, 2.0, 2.0, 5.0)
    for phase in ("base", "nginx", "base"):
        watch.start_task(phase)
        watch.count_change()
    watch.stop()
    base = watch.phases["base"]
    assert (base.seconds, base.tasks, base.changed) == (4.0, 2, 2)


def test_each_task_has_its_own_time_and_changes():
    watch = stopwatch_with_ticks(10.0, 13.0, 13.0, 18.0)
    watch.start_task("base", "Read")
    watch.start_task("base", "Write")
    watch.count_change()
    watch.stop()
    assert [(t.phase, t.name, t.seconds, t.changed) for t in watch.tasks] == [
        ("base", "Read", 3.0, 0),
        ("base", "Write", 5.0, 1),
    ]


def test_a_change_before_any_task_is_not_counted():
    watch = stopwatch_with_ticks()
    watch.count_change()
    watch.stop()
    assert watch.phases == {}


def test_table_has_a_line_per_phase_and_a_total():
    lines = render_table([Phase("base", 3.25, 2, 1), Phase("docker", 5.0, 1, 0)])
    assert lines == [
        "base        3.2 s    2 tasks    1 changed",
        "docker      5.0 s    1 tasks    0 changed",
        "total       8.2 s    3 tasks    1 changed",
    ]
