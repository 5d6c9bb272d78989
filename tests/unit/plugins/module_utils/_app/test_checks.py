# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import (
    Answer,
    Expectation,
    look_up,
    same,
    wait,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.plugins.module_utils._app.still_time import Time

OK = Answer(
    200, "OK", '{"status": "ok", "checks": {"postgres": "up", "n": 1, "ready": true}, "items": [{"name": "a"}]}'
)
DOWN = Answer(503, "Service Unavailable", '{"status": "down"}')
REFUSED = Answer(error="Connection refused")


def wait_for(answers, *, successes=1, interval=1.0, timeout=10.0, cost=0.0):
    time, left = Time(), []
    script = iter(answers)

    def probe(seconds: float) -> Answer:
        left.append(round(seconds, 6))
        time.now += cost
        return next(script)

    limits = {"successes": successes, "interval": interval, "timeout": timeout}
    return wait(probe, Expectation(), **limits, clock=lambda: time.now, sleep=time.sleep), left


@pytest.mark.parametrize(
    ("expectation", "answer", "unmet"),
    [
        (Expectation(), OK, ""),
        (Expectation(), REFUSED, "no answer"),
        (Expectation(), DOWN, "status 503 is not 200"),
        (Expectation(status=(200, 204)), DOWN, "status 503 is not 200 or 204"),
        (Expectation(status=(503,)), DOWN, ""),
        (Expectation(json={"checks.postgres": "up", "items.0.name": "a"}), OK, ""),
        (Expectation(json={"checks.n": 1, "checks.ready": True}), OK, ""),
        (Expectation(json={"checks.ready": 1}), OK, "checks.ready is true, not 1"),
        (Expectation(json={"checks.postgres": "down"}), OK, 'checks.postgres is "up", not "down"'),
        (Expectation(json={"checks.redis": "up"}), OK, "checks.redis is missing in the JSON body"),
        (Expectation(json={"status.deeper": "up"}), OK, "status.deeper is missing in the JSON body"),
        (Expectation(json={"items.7": "up"}), OK, "items.7 is missing in the JSON body"),
        (Expectation(json={"a": 1}), Answer(200, "OK", "<html>"), "the body is not JSON"),
        (
            Expectation(json={"api_token": "x"}),
            Answer(200, "", '{"api_token": "y"}'),
            'api_token is "********", not "***',
        ),
        (Expectation(body_contains="postgres"), OK, ""),
        (Expectation(body_contains="mysql"), OK, "the body does not contain 'mysql'"),
        (Expectation(body_matches=r'"n":\s*\d'), OK, ""),
        (Expectation(body_matches="^x"), OK, "the body does not match '^x'"),
    ],
)
def test_what_is_unmet(expectation, answer, unmet):
    found = expectation.unmet(answer)
    assert found.startswith(unmet) if unmet else found == ""


@pytest.mark.parametrize(
    ("found", "wanted", "equal"), [(1, 1, True), (1, 1.0, True), (1, True, False), (0, False, False), ("1", 1, False)]
)
def test_json_values_are_equal_by_type_and_value(found, wanted, equal):
    assert same(found, wanted) is equal


@given(
    st.recursive(
        st.integers(),
        lambda inner: st.lists(inner, min_size=1) | st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
    )
)
def test_every_value_is_found_at_its_path(document):
    path, value = [], document
    while isinstance(value, (dict, list)):
        step = next(iter(value)) if isinstance(value, dict) else len(value) - 1
        path.append(str(step))
        value = value[step]
    if path:
        assert look_up(document, ".".join(path)) == value


def test_the_first_right_answer_ends_the_wait():
    report, _left = wait_for([REFUSED, DOWN, OK])
    assert (report.unmet, report.tries, report.seconds) == ("", 3, 2.0)


def test_successes_must_be_in_a_row():
    report, _left = wait_for([OK, DOWN, OK, OK, OK], successes=3)
    assert (report.unmet, report.tries) == ("", 5)


def test_too_few_successes_in_time_are_a_failure_that_says_so():
    report, _left = wait_for([OK] * 3, successes=5, timeout=3)
    assert report.unmet == "only 3 of 5 successes in a row"


def test_it_gives_up_in_time_with_the_last_answer():
    report, left = wait_for([REFUSED, REFUSED, DOWN], timeout=3)
    assert (report.unmet, report.answer, report.tries) == ("status 503 is not 200", DOWN, 3)
    assert left == [3.0, 2.0, 1.0]


def test_it_does_not_sleep_towards_a_try_that_would_be_too_late():
    report, _left = wait_for([DOWN], timeout=1)
    assert (report.tries, report.seconds) == (1, 0.0)


def test_a_slow_probe_gets_only_what_is_left():
    report, left = wait_for([DOWN, DOWN], timeout=10, cost=6, interval=1)
    assert left == [10.0, 3.0]
    assert report.tries == 2


def test_the_excerpt_is_one_masked_line_of_200_characters():
    answer = Answer(500, "Error", 'password: "hunter22"\n\tat   db ' + "x" * 300)
    assert answer.excerpt().startswith('password: "********" at db xxx')
    assert len(answer.excerpt()) == 200


def test_a_secret_is_masked_before_the_text_is_cut():
    assert "abcd" not in Answer(200, "OK", "x" * 195 + "abcdefgh").excerpt(("abcdefgh",))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (REFUSED, "Connection refused"),
        (DOWN, '503 Service Unavailable, body: {"status": "down"}'),
        (Answer(204, ""), "204, no body"),
    ],
)
def test_the_description_of_an_answer(answer, text):
    assert answer.describe() == text
