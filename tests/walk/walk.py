"""What every walk has: a state machine of hypothesis, a seed, a count of steps, and the shortest failing sequence."""

from __future__ import annotations

import importlib
import io
import traceback
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

# The modules that define a GROUND, by its name on the command line. The first needs no engine and no network.
GROUNDS = {"cloud": "tests.walk.cloud"}


class Walk(RuleBasedStateMachine):
    """The base of all machines. One object of it is one walk from an empty place, with many steps."""

    steps: ClassVar[int] = 0  # of all walks so far, the ones that look for a shorter sequence included

    def __init__(self) -> None:
        super().__init__()
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
    except Exception as error:
        told = "".join(traceback.format_exception(error, limit=-6))
        return Outcome(Walk.steps - before, told.replace("state.count()\n", ""))
    return Outcome(Walk.steps - before)
