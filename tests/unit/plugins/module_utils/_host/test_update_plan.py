# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.update_plan import UpdatePlan


def look(*packages: str, reboot=(), engine=()) -> dict:
    return {"packages": list(packages), "reboot": list(reboot), "engine": list(engine)}


OPENSSL, DUE = "openssl 3.5.1-1 -> 3.5.4-1", "an update asks for it"
LOOKS = {
    "leader": look(OPENSSL, reboot=[DUE]),
    "manager": look(reboot=[DUE]),
    "worker-1": look(OPENSSL),
    "worker-2": look("containerd 1 -> 2", engine=["containerd"]),
    "idle": look(),
}
SWARM = {"members": list(LOOKS), "last": ["manager", "leader"]}


def test_managers_come_last_and_the_leader_at_the_very_end():
    found = UpdatePlan(**SWARM).of(LOOKS)
    assert found["queue"] == ["worker-1", "worker-2", "manager", "leader"]
    assert found["lines"] == [
        "1. worker-1: 1 package",
        f"     {OPENSSL}",
        "2. worker-2: 1 package. Its tasks move to other nodes first",
        "     containerd 1 -> 2",
        f"3. manager: a reboot ({DUE}). Its tasks move to other nodes first",
        f"4. leader: 1 package, then a reboot ({DUE}). Its tasks move to other nodes first",
        f"     {OPENSSL}",
        "Nothing to do: idle",
    ]


@pytest.mark.parametrize(
    ("reboot", "queue", "reboots"),
    [
        ("auto", ["worker-1", "worker-2", "manager", "leader"], ["manager", "leader"]),
        ("never", ["worker-1", "worker-2", "leader"], []),
        ("always", ["idle", "worker-1", "worker-2", "manager", "leader"], sorted(LOOKS)),
    ],
)
def test_people_decide_who_reboots(reboot, queue, reboots):
    found = UpdatePlan(reboot, **SWARM).of(LOOKS)
    assert found["queue"] == queue
    assert {name for name, host in found["hosts"].items() if host["reboots"]} == set(reboots)


def test_a_reboot_that_is_left_out_is_told():
    assert f"no reboot, although {DUE}" in UpdatePlan("never", **SWARM).of(LOOKS)["lines"][-3]


def test_one_server_and_an_only_node_have_nowhere_to_move_to():
    for members in ([], ["leader"]):
        found = UpdatePlan("auto", members, members).of({"leader": LOOKS["leader"]})
        assert not found["hosts"]["leader"]["drains"]


def test_visitors_of_one_server_are_told_how_long():
    host = {**LOOKS["leader"], "start_seconds": 12}
    found = UpdatePlan(alone=["leader"]).of({"leader": host})["lines"][0]
    assert found.endswith("Visitors wait while it is away; the last start took 12 s, and it has to stop before")
    assert "Visitors" not in UpdatePlan("never", alone=["leader"]).of({"leader": host})["lines"][0]


@pytest.mark.parametrize(("reboot", "may"), [("auto", True), ("never", False), ("always", True)])
def test_a_node_that_gets_packages_may_have_to_reboot_for_them(reboot, may):
    assert UpdatePlan(reboot, **SWARM).of(LOOKS)["hosts"]["worker-1"]["may_drain"] is may
    assert not UpdatePlan("auto", **SWARM).of(LOOKS)["hosts"]["idle"]["may_drain"]


def test_nothing_is_out_of_date():
    assert UpdatePlan(**SWARM).of({"idle": look()}) == {
        "queue": [],
        "hosts": {"idle": {"packages": 0, "reboots": False, "drains": False, "may_drain": False}},
        "lines": ["Nothing to do: idle"],
    }
