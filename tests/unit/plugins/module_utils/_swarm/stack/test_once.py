# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.once import (
    as_declared,
    at_most_one,
    put_back,
    reason,
    refuse_scale,
)

VOLUME = [{"Type": "volume", "Source": "shop_postgres", "Target": "/data"}]


def spec(replicas=1, *, part="app", mounts=(), start="", declared="1", name="db") -> dict:
    labels = {"izzzi.part": part, "izzzi.service": name, "izzzi.replicas": declared}
    return {
        "Name": f"shop_{name}",
        "Labels": labels | ({"izzzi.start": start} if start else {}),
        "TaskTemplate": {"ContainerSpec": {"Mounts": list(mounts)}},
        "Mode": {"Replicated": {"Replicas": replicas}} if replicas is not None else {"Global": {}},
    }


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (spec(), ""),
        (spec(mounts=[{"Type": "bind", "Source": "/srv", "Target": "/data"}]), ""),
        (spec(mounts=VOLUME), "two tasks would write to one volume (shop_postgres)"),
        (spec(part="data"), "it is a data service, and what one task is given the other does not know"),
        (spec(start="after_switch"), "it is declared with start: after_switch, so that two never run at once"),
    ],
)
def test_what_must_not_run_twice_is_known_by_what_runs(given, why):
    assert reason(given) == why


@pytest.mark.parametrize(
    ("given", "wanted", "allow_zero", "refused"),
    [
        (
            spec(mounts=VOLUME, part="data"),
            2,
            False,
            "db must not run 2 times: two tasks would write to one volume (shop_",
        ),
        (spec(part="data"), 3, False, "db must not run 3 times: it is a data service"),
        (spec(start="after_switch"), 2, False, "db must not run 2 times: it is declared with start: after_switch"),
        (spec(mounts=VOLUME, part="data"), 1, False, ""),
        (spec(2), 5, False, ""),
        (spec(2), 0, False, "replicas=0 stops db until somebody scales it again"),
        (spec(2), 0, True, ""),
    ],
)
def test_a_scale_is_refused_that_doubles_what_there_is_one_of_or_stops_a_service_unasked(
    given, wanted, allow_zero, refused
):
    found = refuse_scale(given, wanted, allow_zero)
    assert found.startswith(refused)
    assert bool(found) == bool(refused)


def replicas(of: dict) -> int:
    return of["Mode"]["Replicated"]["Replicas"]


def test_a_scale_by_hand_stays_for_what_may_run_twice_only():
    assert replicas(at_most_one(spec(4))) == 4
    assert replicas(at_most_one(spec(4, mounts=VOLUME))) == 1
    assert replicas(at_most_one(spec(0, mounts=VOLUME))) == 0
    assert at_most_one(spec(None, part="data"))["Mode"] == {"Global": {}}


def test_a_data_service_is_as_declared_and_another_may_stand_still():
    assert replicas(as_declared(spec(2, part="data"))) == 1
    assert replicas(as_declared(spec(0, part="data"))) == 1
    assert replicas(as_declared(spec(2, part="data", declared="0"))) == 0
    assert replicas(as_declared(spec(0, start="after_switch"))) == 0
    assert replicas(as_declared(spec(5))) == 5


def test_what_is_put_back_is_told():
    current = {"shop_db": spec(2, mounts=VOLUME, part="data"), "shop_web": spec(5, name="web")}
    desired = {"shop_db": spec(1, mounts=VOLUME, part="data"), "shop_web": spec(5, name="web")}
    (said,) = put_back(current, desired)
    assert said.startswith(
        "shop_db was set to 2 tasks by hand, and two tasks would write to one volume (shop_postgres)"
    )
    assert "puts it back to 1" in said
    assert put_back({"shop_db": spec(0, part="data")}, {"shop_db": spec(1, part="data")}) == [
        "shop_db was stopped by hand (0 tasks): a deploy starts it again."
    ]
    assert put_back({"shop_db": spec(0, part="data")}, {}) == []
    assert put_back({"shop_db": spec(None, part="data")}, {"shop_db": spec(1, part="data")}) == []
