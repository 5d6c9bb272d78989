# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: phases
type: aggregate
short_description: Time, tasks and changes of each phase of a run
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - After the recap it prints one line per phase, in the order in which the phases ran. A phase is a role, or the play
    for tasks outside of any role.
  - Times are wall-clock seconds on the controller. A task's time ends where the next task starts, so that the phases
    add up to the run.
requirements:
  - enable it in C(ansible.cfg) with C(callbacks_enabled = izzzi.infra.phases)
options:
  report:
    description:
      - Path of a JSON file that receives the same figures for programs (C(make bench) reads it).
      - Nothing is written when it is not set.
    type: path
    env:
      - name: IZZZI_PHASES_REPORT
    ini:
      - section: callback_phases
        key: report
  tasks_report:
    description:
      - Path of a JSON file that receives C(phase), C(name), C(seconds) and C(changed) of each task, in the order in
        which they ran. C(changed) counts hosts.
      - Nothing is written when it is not set.
    type: path
    env:
      - name: IZZZI_PHASES_TASKS_REPORT
    ini:
      - section: callback_phases
        key: tasks_report
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  callbacks_enabled = izzzi.infra.phases
"""

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ansible.plugins.callback import CallbackBase


@dataclass
class Phase:
    """What one phase cost so far."""

    name: str
    seconds: float = 0.0
    tasks: int = 0
    changed: int = 0


@dataclass
class Timed:
    """What one task cost."""

    phase: str
    name: str
    seconds: float = 0.0
    changed: int = 0


class Stopwatch:
    """Attributes the time between two task starts to the first one; the clock is injected for tests."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._current: Timed | None = None
        self._since = 0.0
        self.tasks: list[Timed] = []

    @property
    def phases(self) -> dict[str, Phase]:
        """What the tasks of each phase cost together."""
        found: dict[str, Phase] = {}
        for task in self.tasks:
            phase = found.setdefault(task.phase, Phase(task.phase))
            phase.seconds += task.seconds
            phase.tasks += 1
            phase.changed += task.changed
        return found

    def start_task(self, phase: str, name: str = "") -> None:
        self.stop()
        self._current = Timed(phase, name)
        self.tasks.append(self._current)
        self._since = self._clock()

    def count_change(self) -> None:
        if self._current:
            self._current.changed += 1

    def stop(self) -> None:
        if self._current:
            self._current.seconds = self._clock() - self._since
        self._current = None


def render_table(phases: list[Phase]) -> list[str]:
    """The lines to print: one per phase and a total."""
    total = Phase("total", sum(p.seconds for p in phases), sum(p.tasks for p in phases), sum(p.changed for p in phases))
    width = max(len(p.name) for p in [*phases, total])
    return [f"{p.name:<{width}} {p.seconds:8.1f} s {p.tasks:4d} tasks {p.changed:4d} changed" for p in [*phases, total]]


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "izzzi.infra.phases"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._stopwatch = Stopwatch()
        self._play = ""

    def v2_playbook_on_play_start(self, play):
        self._play = play.get_name().strip()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._stopwatch.start_task(task._role.get_name() if task._role else self._play, task.name or task.action)

    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, is_conditional=False)

    def v2_runner_on_ok(self, result):
        if result.is_changed():
            self._stopwatch.count_change()

    def v2_playbook_on_stats(self, stats):
        self._stopwatch.stop()
        phases = list(self._stopwatch.phases.values())
        if not phases:
            return
        self._display.banner("PHASES")
        for line in render_table(phases):
            self._display.display(line)
        for option, rows in (("report", phases), ("tasks_report", self._stopwatch.tasks)):
            if report := self.get_option(option):
                Path(report).write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n", encoding="utf-8")
