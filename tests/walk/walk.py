# SPDX-License-Identifier: GPL-3.0-or-later
"""What every walk has: a state machine of hypothesis, a seed, a count of steps, and the shortest failing sequence."""

from __future__ import annotations

import importlib
import io
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

# The modules that define a GROUND, by its name on the command line. The first needs no engine and no network.
GROUNDS = {
    "cloud": "tests.walk.cloud",
    "compose": "tests.walk.compose",
    "swarm": "tests.walk.swarm",
    "hosts": "tests.walk.hosts",
}


Step = tuple[str, dict[str, Any]]  # a rule and its draws


TRACE = Path(__file__).resolve().parents[2] / ".cache/walk/trace"  # of the walk that goes on


def tell_step(step: Step) -> str:
    name, draws = step
    return f"state.{name}({', '.join(f'{key}={value!r}' for key, value in draws.items())})"


class Found(BaseException):
    """A failure that is not walked to again: hypothesis lets it through."""

    def __init__(self, sequence: list[Step], error: Exception):
        super().__init__(str(error))
        self.sequence, self.error = sequence, error

    def tell(self) -> str:
        lines = map(tell_step, self.sequence)
        return "\n".join([*lines, "".join(traceback.format_exception(self.error, limit=-6))])


def told(function: Callable[..., None]) -> Callable[..., None]:
    """For rules of a ground where a step takes long: its first failure is kept with the steps that led to it. Stands
    below `@rule`."""

    @wraps(function)
    def step(self: Walk, **draws: Any) -> None:
        self.sequence.append((function.__name__, draws))
        TRACE.parent.mkdir(parents=True, exist_ok=True)
        with TRACE.open("a" if len(self.sequence) > 1 else "w", encoding="utf-8") as file:
            file.write(f"{time.strftime('%T')} {tell_step(self.sequence[-1])}\n")
        try:
            function(self, **draws)
        except Exception as error:
            raise Found(self.sequence, error) from error

    return step


class Walk(RuleBasedStateMachine):
    """The base of all machines. One object of it is one walk from an empty place, with many steps."""

    steps: ClassVar[int] = 0  # of all walks so far, the ones that look for a shorter sequence included

    def __init__(self) -> None:
        super().__init__()
        self.sequence: list[Step] = []  # of rules that are `told`
        Walk.steps -= 1  # hypothesis asks the invariants once before the first step

    @invariant()
    def count(self) -> None:
        Walk.steps += 1


@dataclass(frozen=True)
class Ground:
    """Where walks go. `shorten` is for grounds on which a step takes no longer than a second."""

    machine: type[Walk]
    steps: int  # of one walk, at the most
    walks: int  # of one seed
    shorten: bool = True
    tries: int = 0  # walks from the start that look for a shorter sequence of rules that are `told`

    def settings(self) -> settings:
        phases = {Phase.generate, *([Phase.shrink] if self.shorten else [])}
        return settings(
            max_examples=self.walks,
            stateful_step_count=self.steps,
            phases=phases,
            deadline=None,
            database=None,  # a seed gives the same walks again
            print_blob=False,
            verbosity=Verbosity.normal,
            suppress_health_check=list(HealthCheck),
        )


def ground(name: str) -> Ground:
    return importlib.import_module(GROUNDS[name]).GROUND


def again(machine: type[Walk], sequence: Sequence[Step]) -> Found | None:
    """Walks the steps from an empty place; those whose precondition is not met are left out."""
    walker = machine()
    try:
        for name, draws in sequence:
            rule = getattr(machine, name).hypothesis_stateful_rule
            if all(precondition(walker) for precondition in rule.preconditions):
                getattr(walker, name)(**draws)
    except Found as found:
        return found
    finally:
        walker.teardown()
    return None


def shortest(where: Ground, found: Found) -> Found:
    """Leaves out halves, then quarters, then single steps before the failing one, as long as that one fails."""
    left, size = where.tries, len(found.sequence) // 2
    while size >= 1 and left:
        start = 0
        while start < len(found.sequence) - 1 and left:
            shorter = [*found.sequence[:start], *found.sequence[min(start + size, len(found.sequence) - 1) :]]
            left -= 1
            other = again(where.machine, shorter)
            if other and other.sequence[-1] == found.sequence[-1]:
                found = other
            else:
                start += size
        size //= 2
    return found


@dataclass(frozen=True)
class Outcome:
    steps: int
    failure: str = ""  # the shortest failing sequence and what it ended with


def walk(where: Ground, number: int) -> Outcome:
    """All walks of one seed."""
    machine: Any = seed(number)(type(where.machine.__name__, (where.machine,), {}))
    before = Walk.steps
    try:
        with redirect_stdout(io.StringIO()):
            run_state_machine_as_test(machine, settings=where.settings())
    except Found as found:
        return Outcome(Walk.steps - before, shortest(where, found).tell())
    except Exception as error:
        text = "".join(traceback.format_exception(error, limit=-6))
        return Outcome(Walk.steps - before, text.replace("state.count()\n", ""))
    return Outcome(Walk.steps - before)
