# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import take_over
from ansible_collections.izzzi.infra.plugins.module_utils._backup.lock import locked


def test_a_step_waits_for_that_of_a_run_that_was_killed(tmp_path):
    """The controller is gone, and what it has begun on the host goes on."""
    memory, order = tmp_path / "app-taken" / "stack.json", []
    begun = threading.Event()

    def killed() -> None:
        with take_over.alone(memory, "back_up"):
            begun.set()
            ended.wait(10)
            order.append("the killed run's step")

    ended = threading.Event()
    thread = threading.Thread(target=killed)
    thread.start()
    assert begun.wait(10)
    threading.Timer(0.3, ended.set).start()
    with take_over.alone(memory, "find"):
        order.append("the next run's")
    thread.join()
    assert order == ["the killed run's step", "the next run's"]


@pytest.mark.parametrize("step", take_over.READING)
def test_who_looks_leaves_nothing_where_none_has_begun(step, tmp_path):
    with take_over.alone(tmp_path / "app-taken" / "stack.json", step):
        pass
    assert [*tmp_path.iterdir()] == []


def test_a_backup_within_a_step_has_a_lock_of_its_own(tmp_path):
    with take_over.alone(tmp_path / "app-taken" / "stack.json", "back_up"), locked(tmp_path / "app-taken", "backup"):
        pass
