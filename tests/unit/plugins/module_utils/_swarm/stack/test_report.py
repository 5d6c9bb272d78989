# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotFound
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node_edge import volume
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.report import (
    closed_for,
    service_report,
    task_report,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.run import Run
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

NODES = {"n1": Node("n1", "worker"), "n2": Node("n2", "worker-2", state="down")}


def item(replicas: int | None = 2, part: str = "app") -> dict:
    return {
        "Spec": {
            "Labels": {"izzzi.part": part, "izzzi.replicas": "1"},
            "TaskTemplate": {"ContainerSpec": {"Image": "web:1"}},
            "Mode": {"Global": {}} if replicas is None else {"Replicated": {"Replicas": replicas}},
        }
    }


def task(node: str, state: str = "running", error: str = "") -> Task:
    return Task("0123456789abcdef", 1, node, "", state, "running", error=error)


@pytest.mark.parametrize(
    ("given", "node", "state", "error"),
    [
        (task("n1"), "worker", "running", ""),
        (task("n1", "failed", "exit 3"), "worker", "failed", "exit 3"),
        (task("n2"), "worker-2", "unknown", "its node does not answer; running was the last that it said"),
        (task("n3"), "", "unknown", "its node is no member any more; running was the last that it said"),
        (task("", "pending", "no suitable node"), "", "pending", "no suitable node"),
    ],
)
def test_a_task_runs_only_where_its_node_says_so(given, node, state, error):
    told = task_report(given, NODES)
    assert (told["node"], told["state"], told["error"]) == (node, state, error)


def test_a_service_counts_tasks_that_are_known_to_run():
    told = service_report("shop_web", item(), [task("n1"), task("n2"), task("n1", "starting")], NODES)
    assert (told["running"], told["replicas"], told["declared"], len(told["tasks"])) == (1, 2, 1, 3)
    assert told["problem"] == ""
    assert service_report("shop_edge", item(None), [], NODES)["replicas"] is None


def test_what_runs_twice_and_must_not_is_told():
    told = service_report("shop_db", item(2, "data"), [], NODES)
    assert told["problem"].startswith("must not run 2 times: it is a data service")


class Volumes:
    """The engine of a node, with the places of its volumes."""

    def __init__(self, **places: str):
        self._places = places

    def get(self, path, **_query):
        kind, name = path.strip("/").split("/")
        if kind != "volumes" or name not in self._places:
            raise NotFound(404, f"There is no {path}.")
        return {"Mountpoint": self._places[name]}


@pytest.mark.parametrize(
    ("text", "told"), [(None, None), ("return 503;\n", ""), ("# Closed for: restore\nreturn 503;\n", "restore")]
)
def test_the_edge_of_this_node_says_for_what_it_is_closed(tmp_path, text, told):
    if text is not None:
        (tmp_path / "maintenance.conf").write_text(text)
    assert closed_for(Run({"project": "shop"}, True, Volumes(**{volume("shop"): str(tmp_path)}))) == told


def test_a_node_whose_edge_has_never_run_is_not_closed():
    assert closed_for(Run({"project": "shop"}, True, Volumes())) is None
