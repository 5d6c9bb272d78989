# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import Line, asked, begin, of_container, shown

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", NOW - 90),
        ("1h30m", NOW - 5400),
        ("2d", NOW - 172_800),
        ("1970-01-01T00:01:00", 60),
        ("1970-01-01T00:01:00Z", 60),
        ("1970-01-01 01:01:00+01:00", 60),
    ],
)
def test_a_time_is_a_duration_or_a_moment(text, seconds):
    assert begin(text, NOW) == seconds


@pytest.mark.parametrize(
    ("given", "said"), [({"since": "10 parsecs"}, "a duration such as"), ({"grep": "("}, "grep is")]
)
def test_what_is_not_valid_is_named(given, said):
    with pytest.raises(ValueError, match=said):
        asked(given, NOW)


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, ["--timestamps", "--tail", "100"]),
        ({"lines": 5}, ["--timestamps", "--tail", "5"]),
        ({"grep": "x"}, ["--timestamps", "--tail", "all"]),
        ({"since": "100s"}, ["--timestamps", "--tail", "all", "--since", "999900"]),
        ({"since": "100s", "lines": 2}, ["--timestamps", "--tail", "2", "--since", "999900"]),
    ],
)
def test_without_a_number_a_search_goes_through_all(given, options):
    assert asked(given, NOW).options == options


def test_a_line_of_docker_has_its_time():
    line = of_container("api-1", "2026-01-05T10:00:00.123456789Z listening on 4000\n")
    assert line == Line("2026-01-05T10:00:00.123456789Z", "api-1", "listening on 4000")
    assert of_container("api-1", "Error response from daemon") is None


def test_lines_are_shown_masked_and_searched_as_they_are_shown():
    lines = [Line("2026-01-05T10:00:00.123456789Z", "api-1", words) for words in ("hunter22 in", "\x1b[2Kall well")]
    assert list(shown(lines, "", ["hunter22"])) == [
        "2026-01-05T10:00:00.123 api-1 | ******** in",
        "2026-01-05T10:00:00.123 api-1 | all well",
    ]
    assert list(shown(lines, "hunter", ["hunter22"])) == [], "nobody finds out a secret by searching for it"
    assert len(list(shown(lines, "^all", []))) == 1
