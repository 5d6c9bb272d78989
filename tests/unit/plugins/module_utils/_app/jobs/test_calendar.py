# SPDX-License-Identifier: GPL-3.0-or-later
"""Beside systemd itself where there is one: what both accept means the same moments."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.jobs.calendar import following, parse, previous, zone_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

NOON = datetime(2026, 11, 29, 12, 0, tzinfo=UTC).timestamp()  # a Sunday


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "zone", "before", "after"),
    [
        ("Mon..Fri 07:00", "UTC", "2026-11-27T07:00", "2026-11-30T07:00"),
        ("Mon..Fri 07:00", "Europe/Paris", "2026-11-27T06:00", "2026-11-30T06:00"),
        ("minutely", "UTC", "2026-11-29T12:00", "2026-11-29T12:01"),
        ("*:0/10", "UTC", "2026-11-29T12:00", "2026-11-29T12:10"),
        ("*:30", "Asia/Kolkata", "2026-11-29T12:00", "2026-11-29T13:00"),
        ("daily", "UTC", "2026-11-29T00:00", "2026-11-30T00:00"),
        ("Sun", "UTC", "2026-11-29T00:00", "2026-12-06T00:00"),
        ("*-*-01 04:30", "UTC", "2026-11-01T04:30", "2026-12-01T04:30"),
        ("*-*~01 23:59:30", "UTC", "2026-10-31T23:59:30", "2026-11-30T23:59:30"),
        ("Mon *-*~07/1", "UTC", "2026-10-26T00:00", "2026-11-30T00:00"),
        ("*-02-29", "UTC", "2024-02-29T00:00", "2028-02-29T00:00"),
        ("8..18/2:15", "UTC", "2026-11-29T10:15", "2026-11-29T12:15"),
        ("sat,sunday 6:5", "UTC", "2026-11-29T06:05", "2026-12-05T06:05"),
        ("12-24 18:00", "UTC", "2025-12-24T18:00", "2026-12-24T18:00"),
    ],
)
def test_a_schedule_has_moments(schedule, zone, before, after):
    found = parse(schedule)
    assert previous(found, zone_of(zone), NOON) == at(before)
    assert following(found, zone_of(zone), NOON) == at(after)


def test_a_moment_is_its_own_last_and_not_its_next():
    found = parse("12:00")
    assert previous(found, UTC, NOON) == NOON
    assert following(found, UTC, NOON) == NOON + 86400
    assert previous(found, UTC, NOON - 1) == NOON - 86400


def test_a_time_that_the_clock_leaves_out_does_not_come():
    found, paris = parse("02:30"), zone_of("Europe/Paris")
    assert following(found, paris, at("2026-03-28T12:00")) == at("2026-03-30T00:30")


def test_a_time_that_comes_twice_is_first_the_first():
    found, paris = parse("02:30"), zone_of("Europe/Paris")
    assert following(found, paris, at("2026-10-24T12:00")) == at("2026-10-25T00:30")
    assert previous(found, paris, at("2026-10-25T00:30")) == at("2026-10-25T00:30")
    assert previous(found, paris, at("2026-10-26T01:30")) == at("2026-10-26T01:30")


def test_what_is_past_for_good_has_no_next():
    assert following(parse("2020-01-01"), UTC, NOON) is None
    assert previous(parse("2030-01-01"), UTC, NOON) is None


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("", "it is empty"),
        ("Mon..Fry 07:00", "'Fry' is not a day of the week"),
        ("Fri..Mon 07:00", "goes backwards"),
        ("25:00", "'25' is not within 0 and 23"),
        ("*:60", "'60' is not within 0 and 59"),
        ("*:*/5", "every second one: 0/2"),
        ("*:0/60", "does not fit"),
        ("*-13-01", "'13' is not within 1 and 12"),
        ("*-02-30", "is never due"),
        ("*:*:0/10", "once a minute at most"),
        ("*:*:*", "once a minute at most"),
        ("07:00 Europe/Paris", "belongs into `time_zone`"),
        ("Mon 07:00 UTC", "belongs into `time_zone`"),
        ("0 7 * * 1-5", "'0' is not understood"),
        ("every day", "'every' is not a day of the week"),
        ("@1234", "not understood"),
        ("07:00 07:00", "not understood"),
        ("*-*~32", "not a day before the end"),
    ],
)
def test_what_is_not_valid_is_told(schedule, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parse(schedule)


@pytest.mark.parametrize("name", ["Europe/Pariss", "", "../etc/passwd", "/etc/localtime", "Mars"])
def test_a_zone_that_is_not_there_is_told(name):
    with pytest.raises(ValueError, match="is not a time zone"):
        zone_of(name)


def number(low: int, high: int):
    single = st.integers(low, high).map(str)
    pairs = st.tuples(st.integers(low, high), st.integers(low, high))
    ranges = pairs.filter(lambda two: two[0] < two[1]).map(lambda two: f"{two[0]}..{two[1]}")
    steps = st.tuples(single, st.integers(1, high)).map(lambda two: f"{two[0]}/{two[1]}")
    return st.one_of(st.just("*"), st.lists(st.one_of(single, ranges, steps), min_size=1, max_size=2).map(",".join))


WEEKDAYS = st.lists(st.sampled_from(["Mon", "Tue..Thu", "Friday", "Sat..Sun"]), max_size=2).map(",".join)
EXPRESSIONS = st.builds(
    lambda week, month, how, day, hour, minute: f"{week} *-{month}{how}{day} {hour}:{minute}".strip(),
    *(WEEKDAYS, number(1, 12), st.sampled_from("---~"), number(1, 28), number(0, 23), number(0, 59)),
)


def spelled(schedule: str) -> str:
    """Return a schedule with the steps of its time as lists: systemd 252 leaves 1 April 00:00 out of `*-*-* 0/13:0`."""
    day, _blank, time = schedule.rpartition(" ")
    hours, _colon, minutes = time.partition(":")
    return f"{day} {listed(hours, 24)}:{listed(minutes, 60)}"


def listed(unit: str, end: int) -> str:
    return re.sub(r"(\d+)/(\d+)", lambda step: ",".join(map(str, range(int(step[1]), end, int(step[2])))), unit)


def systemd(schedule: str, zone: str, base: str) -> list[float] | None:
    """Return the next moments as systemd says, none when it gives up; None when it does not take the expression."""
    schedule = spelled(schedule)
    command = ["systemd-analyze", "calendar", f"--base-time={base} UTC", "--iterations=3", f"{schedule} {zone}"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"TZ": "UTC", "LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    )
    if done.returncode:
        return [] if "Resource deadlock avoided" in done.stderr else None
    return [at(f"{day}T{time}") for day, time in re.findall(r"\w{3} (\d{4}-\d\d-\d\d) ([\d:]{8}) UTC", done.stdout)]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd to compare with")
# The same examples each time: what this finds may be systemd's own, as the two things that are named here.
@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    EXPRESSIONS,
    st.sampled_from(["UTC", "Europe/Paris", "America/New_York"]),
    st.sampled_from(["2026-03-27", "2028-02-26"]),
)
def test_it_agrees_with_systemd(schedule, zone, base):
    told = systemd(schedule, zone, f"{base} 11:22:33")
    try:
        found = parse(schedule)
    except ValueError:
        return  # less is accepted here
    if told is None and re.search(r"~\d[^ ]*,", schedule):
        return  # systemd 252 takes `~1,10` and refuses `~1,26`
    assert told is not None, schedule
    if not told:
        return  # a day that is years away
    mine, now = [], at(f"{base}T11:22:33")
    for _ in told:
        now = following(found, zone_of(zone), now)
        mine.append(now)
    assert mine == told
    assert previous(found, zone_of(zone), told[-1]) == told[-1]


def test_the_first_of_a_month_is_not_left_out():
    every, zone = parse("*-*-* 0/13:0"), zone_of("UTC")
    assert following(every, zone, at("2026-03-31T13:00:00")) == at("2026-04-01T00:00:00")


def test_a_day_that_comes_once_in_ten_years_is_found():
    rare, zone = parse("Fri *-01-01 00:00"), zone_of("UTC")
    assert following(rare, zone, at("2028-02-26T11:22:33")) == at("2038-01-01T00:00:00")
    assert previous(rare, zone, at("2037-12-31T11:22:33")) == at("2027-01-01T00:00:00")
