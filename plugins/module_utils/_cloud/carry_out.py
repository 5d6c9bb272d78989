# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carries out the steps of a plan, and says what came of it when some of them fail."""

from __future__ import annotations

from collections.abc import Callable

from .account import together
from .client import ApiError
from .plan import IDLE, Step

VERBS = {"create": "created", "update": "changed", "replace": "replaced", "delete": "deleted"}
GO_ON = "run again: what was written is taken up."
MEND = f"Correct what is declared there, or what stands in its way in the account, and {GO_ON}"
REFUSALS = (400, 403, 404, 409, 412, 422)


class Stopped(ApiError):
    """Some steps failed: which, why, what was written before, and what to do."""


class CarryOut:
    """One run's steps, phase by phase."""

    def __init__(self) -> None:
        self._written: list[Step] = []

    def phase(self, steps: list[Step], settle: list[Callable[[], None]]) -> None:
        """Apply steps side by side, then settle. Raise Stopped with everything that failed, once all have ended."""
        errors = together([lambda step=step: _attempt(step) for step in steps])
        failed: list[tuple[Step, ApiError]] = []
        last = None  # a step without work of its own is done by the one before it
        for step, error in zip(steps, errors, strict=True):
            last = error if step.apply else last
            if error:
                failed.append((step, error))
            elif step.action not in IDLE and not last:
                self._written.append(step)
        if failed:
            lines = [_words(step, error) for step, error in failed]
            raise Stopped("\n".join([*lines, self._told(), _next(failed)]), failed[0][1].status)
        try:
            for call in settle:
                call()
        except ApiError as error:
            raise Stopped(f"{error}\n{self._told()}", error.status) from error

    def _told(self) -> str:
        if not self._written:
            return "Nothing was written before that."
        names = ", ".join(f"{step.kind} {step.name}" for step in self._written)
        return f"Written before that ({len(self._written)}): {names}."


def _attempt(step: Step) -> ApiError | None:
    try:
        if step.apply:
            step.apply()
    except ApiError as error:
        return error
    return None


def _words(step: Step, error: ApiError) -> str:
    what = f"{step.kind} {step.name} could not be {VERBS[step.action]}"
    if error.status in REFUSALS and error.reason:
        return f"{what}. DigitalOcean refuses it ({error.status}): {error.reason}"
    return f"{what}. {error}"


def _next(failed: list[tuple[Step, ApiError]]) -> str:
    if any(error.status in REFUSALS and error.status != 403 for _step, error in failed):  # 403 says what to do
        return MEND
    return f"Then {GO_ON}"
