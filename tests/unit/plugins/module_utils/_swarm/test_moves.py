# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.moves import NodeError, Nodes, find, named
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node


def node(id: str, name: str, state: str = "ready") -> Node:
    return Node(id, name, f"10.0.0.{id[-1]}", state=state)


NODES = [node("abcdef1", "manager"), node("abcdef2", "worker", "down"), node("abcdef3", "worker")]


@pytest.mark.parametrize("text", ["manager", "abcdef1", "10.0.0.1"])
def test_a_node_is_found_by_name_id_or_address(text):
    assert find(NODES, text).id == "abcdef1"


def test_of_several_with_one_name_the_one_that_is_ready_counts():
    assert find(NODES, "worker").id == "abcdef3"
    assert [found.id for found in named(NODES, "worker")] == ["abcdef2", "abcdef3"]


def test_what_there_is_not_is_named_beside_what_there_is():
    assert named(NODES, "other") == []
    with pytest.raises(NodeError, match=r"there is no node other\. There are: manager, worker, worker"):
        find(NODES, "other")


class Api:
    """Answers of a Swarm that are as they are."""

    def __init__(self, *nodes: dict):
        self.nodes = list(nodes)

    def get(self, path: str) -> list[dict]:
        return self.nodes if path == "/nodes" else []


def item(name: str, availability: str = "active", state: str = "ready", **labels: str) -> dict:
    return {
        "ID": name,
        "Spec": {"Role": "worker", "Availability": availability, "Labels": labels},
        "Description": {"Hostname": name},
        "Status": {"State": state},
    }


def nodes_of(*items: dict) -> Nodes:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    return Nodes(Api(*items), 10, clock=lambda: now[0], sleep=sleep)


def test_a_node_waits_while_another_is_away():
    nodes = nodes_of(item("one"), item("two", state="down"))
    with pytest.raises(NodeError, match=r"^one stays as it is, because after 10 s two is down\.$"):
        nodes.others_are_well(nodes.nodes()[0])
    assert nodes.others_are_well(nodes.nodes()[1]) is None


def test_a_check_looks_once_and_knows_what_the_run_would_open_first():
    closed = item("two", "drain", **{"izzzi.closed": "os_update"})
    nodes = nodes_of(item("one"), closed)
    assert nodes.others_are_well(nodes.nodes()[0], "os_update") is None
    with pytest.raises(NodeError, match=r"^one has to wait: two is closed for os_update\.$"):
        nodes.others_are_well(nodes.nodes()[0], "another purpose")


def test_a_node_that_is_opened_has_to_be_there():
    nodes = nodes_of(item("one", state="down"))
    nodes.set_availability = lambda *_: None
    with pytest.raises(NodeError, match=r"^one is active, but after 10 s it is down\.$"):
        nodes.activate(nodes.nodes()[0])
