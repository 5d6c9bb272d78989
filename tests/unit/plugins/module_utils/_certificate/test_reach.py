# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.reach import examined, misled

OURS, OTHER, MUTE = Answer(200, body="izzzi.MARK\n"), Answer(404, body="no"), Answer(error="Connection refused")


def test_names_that_lead_to_the_swarm_are_well():
    assert misled({"a.example": {"192.0.2.1": OURS, "192.0.2.2": OURS}}, "MARK") == ([], [])


def test_a_node_that_is_away_is_told_and_stops_nothing():
    wrong, silent = misled({"a.example": {"192.0.2.1": OURS, "192.0.2.2": MUTE}}, "MARK")
    assert wrong == []
    assert silent == ["a.example points to 192.0.2.2, too, which does not answer"]


def test_what_leads_elsewhere_is_wrong():
    assert misled({"a.example": {}}, "MARK")[0] == ["a.example has no address record"]
    assert misled({"a.example": {"192.0.2.1": OURS, "192.0.2.2": OTHER}}, "MARK")[0] == [
        "a.example points to 192.0.2.2, where something else answers"
    ]
    assert misled({"a.example": {"192.0.2.2": MUTE}}, "MARK")[0] == [
        "a.example points to 192.0.2.2, which does not answer (Connection refused)"
    ]
    assert misled({"a.example": {"192.0.2.1": OURS}}, "ANOTHER")[0] != []


def test_an_address_that_is_known_to_lead_here_need_not_answer_nodes():
    assert misled({"a.example": {"192.0.2.9": MUTE}}, "MARK", ["192.0.2.9"]) == ([], [])
    assert misled({"a.example": {"192.0.2.9": OTHER}}, "MARK", ["192.0.2.9"])[0] != []


def test_nodes_get_a_moment_to_learn_what_to_answer():
    now, answers = [0.0], iter([OTHER, OTHER, OURS])

    def sleep(seconds):
        now[0] += seconds

    found = examined(
        ["a.example"], "MARK", (), lambda _name: {"192.0.2.1"}, lambda *_: next(answers), lambda: now[0], sleep
    )
    assert found == ([], [])
    assert now[0] == 2
    never = examined(["a.example"], "MARK", (), lambda _name: {"192.0.2.1"}, lambda *_: OTHER, lambda: now[0], sleep)
    assert never[0] == ["a.example points to 192.0.2.1, where something else answers"]
