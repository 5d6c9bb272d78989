# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.nodes import changes, shape
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node


def node(identity: str, address: str, role="worker", labels=None, state="ready", created="1") -> Node:
    return Node(identity, f"host-{identity}", address, role, state=state, labels=labels or {}, created=created)


def member(address: str, role="worker", **labels) -> dict:
    return {"address": address, "role": role, "labels": labels}


def test_nothing_to_do_is_no_change_and_no_difference():
    nodes = [node("a", "10.0.0.1", "manager", {"disk": "ssd"})]
    members = {"host-a": member("10.0.0.1", "manager", disk="ssd")}
    assert changes(nodes, members, []) == []
    assert shape(nodes) == shape(nodes, members) == "host-a: manager disk=ssd\n"


def test_what_a_node_is_closed_for_stays():
    nodes = [node("a", "10.0.0.1", labels={"izzzi.closed": "os_update", "old": "1"})]
    (change,) = changes(nodes, {"host-a": member("10.0.0.1")}, [])
    assert change.labels == {"izzzi.closed": "os_update"}


def test_labels_become_exactly_those_declared_as_texts():
    nodes = [node("a", "10.0.0.1", labels={"old": "1", "izzzi.data": "true"})]
    members = {"host-a": {"address": "10.0.0.1", "role": "worker", "labels": {"izzzi.data": True, "slots": 4}}}
    (change,) = changes(nodes, members, [])
    assert change.labels == {"izzzi.data": "true", "slots": "4"}
    assert str(change) == "host-a: labelled izzzi.data=true slots=4"
    assert shape(nodes, members) == "host-a: worker izzzi.data=true slots=4\n"


def test_managers_are_made_before_others_stop_being_some_and_before_nodes_go():
    nodes = [node("a", "10.0.0.1", "manager"), node("b", "10.0.0.2"), node("c", "10.0.0.3")]
    members = {"a": member("10.0.0.1"), "b": member("10.0.0.2", "manager")}
    assert [str(change) for change in changes(nodes, members, ["c"])] == [
        "b: made a manager",
        "a: made a worker",
        "host-c: removed",
    ]


def test_of_several_nodes_of_one_address_the_newest_that_is_ready_is_the_member():
    nodes = [
        node("dead", "10.0.0.2", state="down", created="1"),
        node("live", "10.0.0.2", created="2"),
        node("later", "10.0.0.2", state="down", created="3"),
    ]
    (change,) = changes(nodes, {"w": member("10.0.0.2", disk="ssd")}, [])
    assert change.id == "live"


def test_members_that_are_yet_to_join_are_shown_as_they_will_be():
    assert shape([], {"m": member("10.0.0.1", "manager", **{"izzzi.data": "true"})}) == "m: manager izzzi.data=true\n"
    assert changes([], {"m": member("10.0.0.1", "manager")}, []) == []
