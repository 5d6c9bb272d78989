from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.moves import NodeError, find, named
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
