# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.declared import (
    declaration_problems,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.plan import plan
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NO_MAJORITY

from tests.unit.plugins.module_utils._swarm.cluster.members import ADDRESSES, bare, declared, member, node, swarm


def test_on_bare_hosts_the_first_manager_begins_and_the_others_join_it():
    result = plan(declared("m2", "m1", "m3", "w1"), dict.fromkeys(("m1", "m2", "m3", "w1"), bare()))
    assert result["problems"] == []
    assert result["founder"] == result["acting_manager"] == "m1"
    assert list(result["join"].items()) == [("m2", "manager"), ("m3", "manager"), ("w1", "worker")]
    assert result["members"]["m1"]["labels"] == {"izzzi.data": "true"}
    assert result["members"]["w1"] == {"address": "10.20.0.11", "role": "worker", "labels": {}}


def test_nothing_happens_to_a_swarm_that_is_as_declared():
    nodes = [node("m1", labels={"izzzi.data": "true"}, leader=True), node("w1")]
    result = plan(declared("m1", "w1"), swarm(*nodes))
    assert result["steps"] == result["problems"] == []
    assert (result["join"], result["leave"], result["dead"], result["remove"]) == ({}, [], [], [])


def test_a_new_worker_joins_and_one_that_is_not_declared_any_more_is_removed():
    result = plan(declared("m1", "w2"), {**swarm(node("m1"), node("w1"), asked="m1"), "w2": bare()})
    assert result["problems"] == []
    assert (result["join"], result["remove"], result["dead"]) == ({"w2": "worker"}, ["id-w1"], [])


def test_a_host_of_this_run_that_is_not_declared_any_more_leaves_as_well():
    result = plan(declared("m1"), swarm(node("m1"), node("w1")))
    assert (result["leave"], result["remove"], result["join"]) == (["w1"], ["id-w1"], {})


def test_a_droplet_that_was_made_again_joins_and_its_dead_node_goes():
    nodes = [node("m1"), node("w1", state="down", identity="old")]
    result = plan(declared("m1", "w1"), {**swarm(*nodes), "w1": bare()})
    assert (result["join"], result["dead"], result["remove"]) == ({"w1": "worker"}, ["old"], [])


def test_a_host_that_the_swarm_removed_leaves_and_joins_again():
    observed = {**swarm(node("m1")), "w1": member("w1", state="error")}
    result = plan(declared("m1", "w1"), observed)
    assert (result["problems"], result["leave"], result["join"]) == ([], ["w1"], {"w1": "worker"})


def test_a_host_that_could_not_be_asked_keeps_what_it_has():
    nodes = [node("m1", leader=True), node("m2", state="down"), node("m3"), node("w1")]
    result = plan(declared("m1", "m2", "m3", "w1"), swarm(*nodes, asked="m1 m3"))
    assert result["problems"] == result["steps"] == []
    assert list(result["members"]) == ["m1", "m3"]


def test_a_member_that_was_not_asked_is_the_ready_one_of_two_nodes_at_its_address():
    nodes = [node("m1", leader=True), node("w1", state="down", identity="old"), node("w1")]
    result = plan(declared("m1", "w1"), swarm(*nodes, asked="m1"))
    assert (result["problems"], result["join"], result["dead"], result["remove"]) == ([], {}, ["old"], [])


def test_roles_change_where_the_node_is_declared_otherwise():
    result = plan(declared("m1", "w1"), swarm(node("m1"), node("w1", role="manager")))
    assert (result["problems"], result["steps"]) == ([], ["make w1 a worker"])


def test_the_leader_carries_changes_out_unless_it_goes():
    nodes = [node("m1"), node("m2", leader=True), node("m3")]
    assert plan(declared("m1", "m2", "m3"), swarm(*nodes))["acting_manager"] == "m2"
    assert plan(declared("m1"), swarm(*nodes))["acting_manager"] == "m1"


@pytest.mark.parametrize("names", [("w1",), ("m1", "m2"), ()])
def test_an_even_number_of_managers_and_none_are_refused(names):
    (problem,) = declaration_problems(declared(*names))
    assert "Declare 1, 3 or 5" in problem


def test_a_step_that_loses_the_majority_is_refused_and_names_the_numbers():
    down = [node("m4", state="down"), node("m5", state="down")]
    nodes = [node("m1", leader=True), node("m2"), node("m3"), *down]
    (problem,) = plan(declared("m1", "m4", "m5"), swarm(*nodes))["problems"]
    assert problem.startswith("Without the manager m2 only 2 of 4 managers would be reachable, and 3 are needed")
    assert plan(declared("m1", "m2", "m3"), swarm(*nodes))["problems"] == [], "dead ones cost nothing"


def test_the_last_manager_cannot_go():
    observed = {**swarm(node("m1")), "m2": bare(), "w1": bare()}
    result = plan(declared("m2"), {**observed})
    assert any("nobody could carry the change out" in problem for problem in result["problems"])


def test_a_new_manager_makes_up_for_one_that_goes():
    nodes = [node("m1", leader=True), node("m2"), node("m3", state="down")]
    observed = {**swarm(*nodes), "m3": bare()}
    result = plan(declared("m1", "m2", "m3"), observed)
    assert (result["problems"], result["dead"], result["join"]) == ([], ["id-m3"], {"m3": "manager"})


def test_without_a_majority_nothing_is_tried():
    observed = {"m1": {**member("m1", []), "nodes": None, "error": NO_MAJORITY}}
    (problem,) = plan(declared("m1"), observed)["problems"]
    assert "cannot say what its nodes are: This manager's Swarm has no majority" in problem


def test_a_swarm_is_begun_only_when_every_manager_said_that_there_is_none():
    (problem,) = plan(declared("m1", "m2", "m3"), {"m1": bare(), "m2": bare()})["problems"]
    assert "m3 could not be asked" in problem
    (problem,) = plan(declared("m1", "w1"), {"m1": bare(), "w1": member("w1", managers=["10.9.0.1"])})["problems"]
    assert "w1 belong to a Swarm whose managers (10.9.0.1) are not declared" in problem


def test_two_swarms_are_never_mixed():
    observed = {"m1": member("m1", [node("m1")]), "m2": member("m2", [node("m2")], cluster="c2"), "m3": bare()}
    (problem,) = plan(declared("m1", "m2", "m3"), observed)["problems"]
    assert "2 Swarms: m1, m2" in problem
    observed = {**swarm(node("m1")), "w1": member("w1", managers=["10.9.0.1"])}
    (problem,) = plan(declared("m1", "w1"), observed)["problems"]
    assert "w1 belongs to another Swarm (managers: 10.9.0.1)" in problem


def test_data_stays_on_its_node_whatever_its_name():
    nodes = [node("m1"), node("m2", labels={"izzzi.data": "true"}), node("m3")]
    result = plan(declared("m1", "m2", "m3"), swarm(*nodes))
    assert [name for name, m in result["members"].items() if m["labels"]] == ["m2"]


def test_data_moves_and_its_node_goes_with_consent_only():
    nodes = [node("m1", labels={"izzzi.data": "true"}), node("w1")]
    (problem,) = plan(declared("m1", "w1", data_node="w1"), swarm(*nodes))["problems"]
    assert "The data lies on m1" in problem
    moved = plan(declared("m1", "w1", data_node="w1", move_data=True), swarm(*nodes))
    assert [name for name, m in moved["members"].items() if m["labels"]] == ["w1"]
    nodes = [node("m1"), node("w1", labels={"izzzi.data": "true"})]
    (problem,) = plan(declared("m1"), swarm(*nodes))["problems"]
    assert "The data lies on w1" in problem


def test_live_restore_is_refused_but_not_in_a_check():
    observed = {"m1": {**bare(), "engine": "26.1", "live_restore": True}}
    assert "live-restore" in plan(declared("m1"), observed)["problems"][0]
    assert plan(declared("m1", checking=True), observed)["problems"] == []


def test_pools_of_a_swarm_that_is_there_cannot_change():
    (problem,) = plan(declared("m1", pools=["100.64.0.0/16"]), swarm(node("m1")))["problems"]
    assert "was begun with the address pools 172.16.0.0/16 in /24" in problem


def stopped() -> dict:
    return bare() | {
        "state": "stopped",
        "error": "The Docker engine at /var/run/docker.sock does not answer: Connection refused",
    }


def test_a_member_whose_engine_is_stopped_is_not_gone():
    nodes = [node("m1", leader=True), node("m2", state="down"), node("m3"), node("w1", state="down")]
    observed = {**swarm(*nodes, asked="m1 m3"), "m2": stopped(), "w1": stopped()}
    result = plan(declared("m1", "m2", "m3", "w1"), observed)
    assert len(result["problems"]) == 1
    for words in ("m2, w1", "does not run", "Connection refused", "Nothing was changed", "systemctl start docker"):
        assert words in result["problems"][0]
    assert (result["join"], result["dead"], result["remove"]) == ({}, [], [])
    # A check comes before the role docker has started them.
    result = plan(declared("m1", "m2", "m3", "w1", checking=True), observed)
    assert result["problems"] == result["steps"] == []


def test_no_second_swarm_is_begun_while_the_only_manager_is_stopped():
    for checking in (False, True):
        result = plan(declared("m1", "w1", checking=checking), {"m1": stopped(), "w1": member("w1")})
        assert "m1" in result["problems"][0]
        assert "does not run" in result["problems"][0]
        assert result["founder"] == ""


def moved(name: str, nodes: list[dict] | None = None, address: str = "10.20.0.99") -> dict:
    return member(name, nodes, address=address)


def test_a_member_that_speaks_at_another_address_than_the_declared_one_joins_anew():
    nodes = [node("m1", leader=True), node("m2"), node("m3"), node("w1"), node("w2")]
    seen = swarm(*nodes)
    result = plan(declared("m1", "m2", "m3", "w1", "w2"), {**seen, "w1": moved("w1"), "m3": moved("m3", nodes)})
    assert result["problems"] == []
    assert (result["leave"], result["join"]) == (["m3", "w1"], {"m3": "manager", "w1": "worker"})
    assert (result["dead"], result["remove"]) == (["id-m3", "id-w1"], []), "they have left when others join"
    assert result["steps"][0] == "leave and join anew: m3 speaks at 10.20.0.99, declared is 10.20.0.3"
    same = {name: {**o, "address": ADDRESSES[name]} for name, o in seen.items()}
    assert plan(declared("m1", "m2", "m3", "w1", "w2"), same)["steps"] == []


def test_no_majority_is_lost_for_new_addresses():
    nodes = [node("m1", leader=True), node("m2"), node("m3")]
    seen = {**swarm(*nodes), "m2": moved("m2", nodes), "m3": moved("m3", nodes)}
    result = plan(declared("m1", "m2", "m3"), seen)
    assert "Without the manager m2 only 1 of 2 managers would be reachable" in result["problems"][0]


def test_a_host_with_a_new_address_keeps_its_data_without_consent():
    nodes = [node("m1", leader=True), node("w1", labels={"izzzi.data": "true"})]
    result = plan(declared("m1", "w1"), {**swarm(*nodes), "w1": moved("w1")})
    assert result["problems"] == []
    assert result["members"]["w1"]["labels"] == {"izzzi.data": "true"}


@pytest.mark.parametrize(("address", "state", "ok"), [("10.20.0.1", "error", True), ("10.20.0.1", "inactive", False)])
def test_a_host_whose_swarm_part_does_not_run_joins_anew_and_has_its_data(address, state, ok):
    nodes = [node("m1", state="down", labels={"izzzi.data": "true"}), node("m2", leader=True), node("m3")]
    broken = member("m1", state=state, id="", address=address, error="irreparable WAL error", managers=[])
    result = plan(declared("m1", "m2", "m3"), {**swarm(*nodes), "m1": broken})
    if ok:
        assert result["problems"] == []
        assert (result["join"], result["dead"]) == ({"m1": "manager"}, ["id-m1"])
        assert result["members"]["m1"]["labels"] == {"izzzi.data": "true"}
        words = "leave and join anew: m1, whose Swarm part does not run (irreparable WAL error)"
        assert result["steps"][0] == words
    else:  # a droplet that was made again has the address, and no data
        assert "with empty volumes" in result["problems"][0]
