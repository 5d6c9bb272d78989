# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Known, Wait


def test_known_has_the_newest_row_of_a_name():
    known = Known()
    assert (known.row("vpc", "v"), known.id("vpc", "v"), known.ids("vpc")) == (None, "", {})
    known.put("vpc", "v", {"id": "1"})
    known.put("vpc", "v", {"id": "2"})
    assert (known.id("vpc", "v"), known.ids("vpc")) == ("2", {"v": "2"})
    known.drop("vpc", "v")
    known.drop("vpc", "v")
    assert known.row("vpc", "v") is None


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def clock(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_waiting_ends_with_the_answer_or_the_limit(time):
    wait = Wait(60, time.sleep, time.clock)
    answers = iter([None, 0, "here"])
    assert wait.until(lambda: next(answers), lambda: "never") == "here"
    with pytest.raises(ApiError, match="too late"):
        wait.until(lambda: False, lambda: "too late")
    assert 60 < time.now < 70


def test_only_the_named_refusals_are_asked_again(time):
    wait = Wait(60, time.sleep, time.clock)
    replies = [ApiError("members", 409), ApiError("members", 403)]

    def call() -> str:
        if replies:
            raise replies.pop()
        return "done"

    assert wait.through(call, (403, 409), 10) == "done"
    replies.append(ApiError("bad", 422))
    with pytest.raises(ApiError, match="bad"):
        wait.through(call, (403, 409), 10)
    replies += [ApiError("members", 409)] * 100
    with pytest.raises(ApiError, match="members"):
        wait.through(call, (409,), 10)
    assert time.now < 30
