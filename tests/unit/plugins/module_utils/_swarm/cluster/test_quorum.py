from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.quorum import has_quorum, loss_of_quorum
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node


def manager(name: str, reachable: bool = True) -> Node:
    return Node(f"id-{name}", name, role="manager", voter=True, reachable=reachable)


def test_unreachable_managers_go_first():
    nodes = [manager("m1"), manager("m2"), manager("m3", reachable=False)]
    assert loss_of_quorum(nodes, ["id-m2", "id-m3"]) == ""
    assert "only 1 of 2 managers" in loss_of_quorum(nodes, ["id-m2"])


def test_only_managers_count():
    assert has_quorum([manager("m1"), Node("w", "w"), Node("x", "x", state="down")])
    assert loss_of_quorum([manager("m1"), Node("w", "w")], ["w"]) == ""
