# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._notify.watch import Finding, Reading, compare


def titles(told):
    return [event["title"] for event in told]


def reading(**more):
    return Reading("disk", {"disk:/": Finding("disk", "full", **more)}, {"disk:/": "well"})


WELL = Reading("disk", {}, {"disk:/": "well"})


def test_a_state_is_told_when_it_begins_and_when_it_is_over():
    told, state = compare({}, [reading()])
    assert titles(told) == ["full"]
    told, state = compare(state, [reading()])
    assert told == []
    told, state = compare(state, [WELL])
    assert told == [{"kind": "disk", "title": "well", "detail": "", "result": "ok"}]
    assert state == {}
    assert compare(state, [WELL]) == ([], {})


def test_what_must_be_seen_twice_is_told_then_and_what_was_never_told_is_not_over():
    told, state = compare({}, [reading(patience=2)])
    assert told == []
    assert compare(state, [WELL]) == ([], {})
    told, _state = compare(state, [reading(patience=2)])
    assert titles(told) == ["full"]


def test_it_is_told_anew_when_it_happened_again():
    _told, state = compare({}, [reading(stamp="monday")])
    told, state = compare(state, [reading(stamp="tuesday")])
    assert titles(told) == ["full"]
    assert compare(state, [reading(stamp="tuesday")])[0] == []


def test_what_cannot_be_read_stays_as_it_was_known():
    _told, state = compare({}, [reading()])
    told, after = compare(state, [Reading("disk", known=False)])
    assert (told, after) == ([], state)


def test_what_others_tell_is_known_and_not_told_by_who_takes_their_place():
    told, state = compare({}, [reading(ours=False)])
    assert told == []
    assert compare(state, [reading()])[0] == []


def test_what_is_gone_without_being_well_is_forgotten():
    _told, state = compare({}, [reading()])
    assert compare(state, [Reading("disk")]) == ([], {})
