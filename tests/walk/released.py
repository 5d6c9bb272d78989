# SPDX-License-Identifier: GPL-3.0-or-later
"""What a walk of releases has, whoever runs the app: a check before each run, visitors all the while, a second run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .role import Failed, Killed, Role, Run
from .walk import Walk

# What a template or a program of somebody else says where we should have.
FOREIGN = re.compile("Traceback|is undefined|No first item|has no attribute|Error while|TemplateRuntimeError")


@dataclass
class Outcome:
    """How a run ended."""

    message: str = ""  # of its failure
    killed: str = ""
    changed: list[str] = field(default_factory=list)
    said: str = ""
    results: dict[str, dict] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return not (self.message or self.killed)


def run_role(role: Role, given: dict[str, Any], modules: Callable, check: bool, entry: str) -> Outcome:
    run = Run(role, given, modules, check)
    outcome = Outcome(changed=run.changed, results=run.results)
    try:
        run(entry)
    except Failed as failure:
        outcome.message = str(failure) or f"{failure.task.get('name')} failed without a word"
    except Killed as killed:
        outcome.killed = str(killed)
    outcome.said = "\n".join(run.said)
    assert not FOREIGN.search(outcome.message), f"not our words: {outcome.message}"
    return outcome


def is_same(before: dict[str, Any], after: dict[str, Any], what: str) -> None:
    differs = {key: (before[key], after[key]) for key in before if before[key] != after[key]}
    assert not differs, f"{what}: {differs}"


class Released(Walk):
    """One app. A step is a declaration or an event, with all the runs that follow from it."""

    checks = False

    def run(self, given: dict[str, Any], check: bool = False, kill: dict | None = None, entry: str = "main") -> Outcome:
        raise NotImplementedError

    def look(self) -> dict[str, Any]:
        raise NotImplementedError

    def is_whole(self) -> bool:
        """The last run was not killed."""
        raise NotImplementedError

    def differences(self, outcome: Outcome) -> str:
        """What a run had to change, in its own words, where it does not say it."""
        return ""

    def foresee(self, given: dict[str, Any], **options: Any) -> Outcome:
        """A check, which touches nothing."""
        before = self.look()
        outcome = self.run(given, check=True, **options)
        is_same(before, self.look(), "a check changed something")
        return outcome

    def attempt(self, given: dict[str, Any], **options: Any) -> tuple[Outcome, Outcome]:
        """A check, then the run that it must have predicted; what a killed run left is ended by a run only."""
        was_whole = self.is_whole()
        foreseen = self.foresee(given, **options)
        done = self.run(given, **options)
        if foreseen.message:
            assert done.message, f"the check failed and the run did not: {foreseen.message}"
        if done.is_done and was_whole:
            predicted, came = bool(foreseen.changed), bool(done.changed)
            assert predicted == came, f"the check predicted {foreseen.changed}, the run did {done.changed}"
        return foreseen, done

    def again(self, given: dict[str, Any]) -> None:
        """A second run changes nothing. Every other time it is a check, since both look at the same."""
        before, self.checks = self.look(), not self.checks
        outcome = self.run(given, check=self.checks)
        assert outcome.is_done, f"the second run failed (check: {self.checks}): {outcome.message}"
        seen = f"{outcome.said} {self.differences(outcome)}"
        assert not outcome.changed, f"the second run changed (check: {self.checks}): {outcome.changed} {seen}"
        is_same(before, self.look(), "a second run changed something")
