# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.data_home import choose, labels
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.moves import NodeError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node

LABEL = "izzzi.data"
KEEPS = {LABEL: "true", "disk": "ssd"}


def node(name: str, role: str = "worker", state: str = "ready", availability: str = "active", **label: str) -> Node:
    return Node(name, name, role=role, state=state, availability=availability, labels=KEEPS if label else {})


M1, W1, W2 = node("m1", "manager"), node("w1"), node("w2")
LOST, THERE = node("d", state="down", keeps="yes"), node("d", keeps="yes")


@pytest.mark.parametrize(
    ("nodes", "wanted", "chosen"),
    [
        ([LOST, M1, W2, W1], "", W1),
        ([LOST, M1], "", M1),
        ([LOST, M1, W1, W2], "w2", W2),
        ([LOST, M1, node("w1", availability="drain"), W2], "", W2),
        ([THERE, M1, W1], "", THERE),
    ],
)
def test_a_node_that_takes_tasks_keeps_the_data_workers_first(nodes, wanted, chosen):
    assert choose(nodes, wanted, LABEL) is chosen


@pytest.mark.parametrize(
    ("nodes", "wanted", "said"),
    [
        ([THERE, M1, W1], "w1", r"d keeps the data \(label izzzi.data\) and answers: it is not lost"),
        ([LOST], "", "No node of the Swarm takes tasks"),
        ([LOST, M1], "d", r"d takes no tasks \(down, active\)"),
        ([LOST, M1], "w9", "there is no node w9. There are: d, m1"),
    ],
)
def test_what_is_not_lost_or_cannot_run_is_refused(nodes, wanted, said):
    with pytest.raises(NodeError, match=said):
        choose(nodes, wanted, LABEL)


def test_one_node_alone_has_the_label_and_other_labels_stay():
    assert labels([LOST, M1, W1], W1, LABEL) == {"d": {"disk": "ssd"}, "w1": {LABEL: "true"}}
    assert labels([THERE, M1], THERE, LABEL) == {}
