# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import (
    Node,
    has_quorum,
    loss_of_quorum,
    newest,
    parse_node,
)

ITEM = {
    "ID": "n1",
    "CreatedAt": "1",
    "Description": {
        "Hostname": "worker",
        "Platform": {"OS": "linux", "Architecture": "x86_64"},
        "Engine": {"Labels": {"rack": "1"}},
    },
    "Status": {"State": "ready", "Addr": "10.0.0.2"},
    "Spec": {"Availability": "drain", "Role": "worker", "Labels": {"disk": "ssd"}},
}


def test_what_the_engine_says_of_a_node_is_read():
    read = parse_node(ITEM)
    assert read == Node(
        id="n1",
        name="worker",
        address="10.0.0.2",
        availability="drain",
        labels={"disk": "ssd"},
        created="1",
        engine_labels={"rack": "1"},
        platform={"OS": "linux", "Architecture": "x86_64"},
    )
    assert (read.is_ready, read.takes_tasks, read.voter) == (True, False, False)


def test_a_manager_is_reached_where_managers_reach_it_and_votes():
    status = {"Addr": "10.0.0.9:2377", "Leader": True, "Reachability": "reachable"}
    read = parse_node({**ITEM, "ManagerStatus": status, "Status": {"State": "ready", "Addr": "0.0.0.0"}})
    assert (read.address, read.voter, read.leader, read.reachable) == ("10.0.0.9", True, True, True)


def test_a_node_that_has_not_said_its_name_is_called_by_its_id():
    assert parse_node({**ITEM, "Description": {}}).name == "n1"


def test_of_several_nodes_of_a_host_the_one_that_is_ready_counts_and_then_the_youngest():
    down, old, young = (
        Node("a", "x", state="down", created="3"),
        Node("b", "x", created="1"),
        Node("c", "x", created="2"),
    )
    assert newest([down, old, young]) == young
    assert newest([down]) == down


def manager(name: str, reachable: bool = True) -> Node:
    return Node(f"id-{name}", name, role="manager", voter=True, reachable=reachable)


def test_unreachable_managers_go_first():
    nodes = [manager("m1"), manager("m2"), manager("m3", reachable=False)]
    assert loss_of_quorum(nodes, ["id-m2", "id-m3"]) == ""
    assert "only 1 of 2 managers" in loss_of_quorum(nodes, ["id-m2"])


def test_only_managers_count():
    assert has_quorum([manager("m1"), Node("w", "w"), Node("x", "x", state="down")])
    assert loss_of_quorum([manager("m1"), Node("w", "w")], ["w"]) == ""
