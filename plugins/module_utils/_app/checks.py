# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judges the answers of HTTP endpoints, one or several in a row. Pure: probe, clock and sleep are injected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._secrets.mask import mask
from .until import until

EXCERPT_LENGTH = 200


@dataclass(frozen=True)
class Answer:
    """What one request got: a response, or the error that was in its place."""

    status: int = 0
    reason: str = ""
    body: str = ""
    error: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def excerpt(self, secrets: tuple[str, ...] = ()) -> str:
        """The beginning of the body, without secrets, on one line. Masked before it is cut: no half secret is left."""
        return " ".join(mask(self.body, secrets).split())[:EXCERPT_LENGTH]

    def describe(self, secrets: tuple[str, ...] = ()) -> str:
        if self.error:
            return mask(self.error, secrets)
        excerpt = self.excerpt(secrets)
        return f"{self.status} {self.reason}".strip() + (f", body: {excerpt}" if excerpt else ", no body")


@dataclass(frozen=True)
class Expectation:
    status: tuple[int, ...] = (200,)
    json: Mapping[str, Any] = field(default_factory=dict)
    body_contains: str = ""
    body_matches: str = ""
    judge: Callable[[Any], str] | None = None  # of the JSON document: says what is not as expected

    def unmet(self, answer: Answer) -> str:
        """What is not as expected, empty when all is."""
        if answer.error:
            return "no answer"
        if answer.status not in self.status:
            return f"status {answer.status} is not {' or '.join(map(str, self.status))}"
        if self.body_contains and self.body_contains not in answer.body:
            return f"the body does not contain {self.body_contains!r}"
        if self.body_matches and not re.search(self.body_matches, answer.body):
            return f"the body does not match {self.body_matches!r}"
        return self._unmet_json(answer.body) if self.json or self.judge else ""

    def _unmet_json(self, body: str) -> str:
        try:
            document = json.loads(body)
        except ValueError:
            return "the body is not JSON"
        for path, wanted in self.json.items():
            try:
                found = look_up(document, path)
            except LookupError:
                return f"{path} is missing in the JSON body"
            if not same(found, wanted):
                shown = (json.dumps(mask({path: value})[path])[:EXCERPT_LENGTH] for value in (found, wanted))
                return f"{path} is {', not '.join(shown)}"
        return self.judge(document) if self.judge else ""


def look_up(document: Any, path: str) -> Any:
    """The value at a dotted path: `checks.postgres`, `items.0.name`. LookupError when it is not there."""
    for step in path.split("."):
        if isinstance(document, dict):
            document = document[step]
        elif isinstance(document, list) and step.isdecimal():
            document = document[int(step)]
        else:
            raise LookupError(path)
    return document


def same(found: Any, wanted: Any) -> bool:
    """Equality of JSON values. Python takes true for 1; JSON does not."""
    return isinstance(found, bool) == isinstance(wanted, bool) and found == wanted


@dataclass(frozen=True)
class Report:
    answer: Answer
    unmet: str
    tries: int
    seconds: float


def wait(
    probe: Callable[[float], Answer],
    expectation: Expectation,
    *,
    successes: int,
    interval: float,
    timeout: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Report:
    """Probe until `successes` answers in a row are as expected, or the time is over.

    The probe gets the seconds that are left, so that the last request does not exceed the time.
    """
    start, answers, well = clock(), [], 0

    def unmet() -> str:
        nonlocal well
        answers.append(probe(max(timeout - (clock() - start), 0.1)))
        found = expectation.unmet(answers[-1])
        well = 0 if found else well + 1
        return found

    found = until(
        unmet, timeout=timeout, interval=interval, clock=clock, sleep=sleep, in_a_row=successes, rest=interval
    )
    few = f"only {well} of {successes} successes in a row" if well < successes else ""
    return Report(answers[-1], found or few, len(answers), clock() - start)
