# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.node_change import (
    NodeChange,
    acting_manager,
    events,
)

from tests.unit.plugins.module_utils._swarm.cluster.members import member, node

NODES = [node("m1", leader=True), node("m2"), node("m3", labels={"izzzi.data": "true"}), node("w1")]
LOOKS = {name: {"member": member(name, NODES)} for name in ("m1", "m2", "m3")}
AWAY = {"unreachable": True}
WITHOUT_MAJORITY = {"member": member("m2") | {"manager": True}}


@pytest.mark.parametrize(
    ("looks", "going", "acting"),
    [
        (LOOKS, "w1", "m1"),
        (LOOKS, "m1", "m2"),
        ({"m1": AWAY, "m2": LOOKS["m2"]}, "", "m2"),
        ({"m1": {}, "m2": WITHOUT_MAJORITY, "m3": LOOKS["m3"]}, "w1", "m3"),
        ({"m1": LOOKS["m1"], "m2": AWAY}, "m1", "m1"),  # the only one that can; whether it may is judged there
        ({"m1": AWAY, "m2": WITHOUT_MAJORITY}, "w1", ""),
        ({}, "", ""),
    ],
)
def test_a_manager_that_answers_acts_rather_one_that_stays(looks, going, acting):
    assert acting_manager(looks, going) == acting


def plan(name: str, state: str = "absent", looks: dict | None = None, **more) -> dict:
    change = NodeChange(name, state, ("m1", "m2", "m3", "w1", "w2"), **{"registry": "m1", **more})
    return change.plan(LOOKS if looks is None else looks)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("w9", "node: there is no droplet w9. There are: m1, m2, m3, w1, w2."),
        ("", "node: there is no droplet ''. There are: m1, m2, m3, w1, w2."),
        ("m1", "m1 has the registry with the images of all nodes. Let another manager have it first."),
        ("m3", "m3 keeps the data (label izzzi.data)"),
    ],
)
def test_what_cannot_be_made_anew_is_refused(name, said):
    assert plan(name)["problem"].startswith(said)


@pytest.mark.parametrize("name", ["w1", "w2", "m2"])
def test_others_can_be_made_anew(name):
    assert plan(name) == {"acting_manager": "m1", "problem": ""}


def test_without_a_manager_nobody_can_and_the_guide_is_named():
    said = plan("w1", looks={"m1": AWAY, "m2": {}})["problem"]
    assert said.startswith("None of m1, m2 answers as a manager of a Swarm with a majority.")
    assert "When the majority is lost" in said


@pytest.mark.parametrize(("name", "state"), [("m1", "drained"), ("m3", "active"), ("", "balanced"), ("w9", "drained")])
def test_only_what_goes_is_refused(name, state):
    assert plan(name, state)["problem"] == ""


def test_registry_and_label_are_the_declared_ones():
    assert plan("m1", registry="")["problem"] == ""
    assert plan("m3", data_label="disk")["problem"] == ""


RESULT = {"moves": [], "stops": [], "blocked": {}, "uneven": {}}


@pytest.mark.parametrize(
    ("name", "state", "recovered", "result", "said"),
    [
        ("w1", "active", [], {}, ["active: w1", "moved: nothing"]),
        ("w1", "absent", [], {"moves": ["a", "b"]}, ["removed: w1", "moved: a, b"]),
        (
            "w1",
            "balanced",
            [],
            {"uneven": {"a": 2}},
            ["spread evenly: services", "moved: nothing", "still uneven by 2 tasks: a"],
        ),
        (
            "w1",
            "drained",
            ["c"],
            {"stops": ["edge"], "blocked": {"db": "its data lies here"}},
            [
                "drained: w1",
                "put right after a killed run: c",
                "moved: nothing",
                "ended there, as on every closed node: edge",
                "stands still: db, its data lies here",
            ],
        ),
    ],
)
def test_it_tells_what_moved(name, state, recovered, result, said):
    assert events(name, state, recovered, {**RESULT, **result}) == said
