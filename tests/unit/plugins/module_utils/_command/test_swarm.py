# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import Line, asked
from ansible_collections.izzzi.infra.plugins.module_utils._command import swarm
from ansible_collections.izzzi.infra.plugins.module_utils._command.settings import App, CommandFailed
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotInSwarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

from tests.unit.plugins.module_utils._swarm.stack import fake_cluster

APP = App("shop", "swarm", {"project": "shop"}, nodes={"10.0.0.3": "198.51.100.3"}, managers=("198.51.100.2",))


@pytest.fixture
def runner(monkeypatch):
    """A manager; `web` runs on another node, `api` nowhere, `db` here."""
    cluster = fake_cluster.Cluster()
    fake_cluster.run(cluster, "one")
    nodes = {"n1": Node("n1", "manager", "10.0.0.2"), "n2": Node("n2", "worker", "10.0.0.3")}
    cluster.nodes, cluster.services = lambda: nodes, lambda: dict.fromkeys(cluster.held)
    cluster.made["shop_web"] = [Task("t", 1, "n2", "", "running", "running")]
    cluster.made["shop_api"] = []
    found = swarm.Runner(APP, "ann@host")
    made = found.run

    def run(**params):
        one = made(**params)
        one.swarm = cluster
        return one

    monkeypatch.setattr(found, "run", run)
    monkeypatch.setattr(swarm, "run_program", lambda words: "c1\n" if "shop_db" in " ".join(words) else "")
    return found


def test_a_container_of_this_node_is_found(runner):
    assert runner.container("db") == "c1"


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ("web", r"does not run on this node, but on worker \(ssh -t deploy@198\.51\.100\.3 izzzi \.\.\.\)\."),
        ("api", "does not run anywhere"),
        ("nope", r"There is no service nope\. There are: api, db, web"),
    ],
)
def test_one_of_another_node_is_told_with_the_host(runner, service, said):
    with pytest.raises(CommandFailed, match=said):
        runner.container(service)


def test_a_worker_says_whom_to_ask(monkeypatch):
    def refuse(_run):
        raise NotInSwarm(503, "Docker refused GET /services: This node is not a swarm manager.")

    monkeypatch.setitem(swarm.ACTIONS, "info", refuse)
    with pytest.raises(CommandFailed, match=r"is a worker.* Ask a manager: ssh -t deploy@198\.51\.100\.2 izzzi"):
        swarm.Runner(APP, "x").ps()


def test_each_service_has_a_source(runner):
    (source,) = runner.sources(asked({"services": ["web"]}, 0), "--follow")
    assert source.command[:4] == ("docker", "service", "logs", "--no-task-ids")
    assert source.command[-2:] == ("--follow", "shop_web")
    assert [one.name for one in runner.sources(asked({}, 0))] == ["shop_api", "shop_db", "shop_web"]
    with pytest.raises(CommandFailed, match="There is no service nope"):
        runner.sources(asked({"services": ["nope"]}, 0))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "2026-01-05T10:00:00.1Z shop_web.2@worker    | a | b\n",
            Line("2026-01-05T10:00:00.1Z", "shop_web.2@worker", "a | b"),
        ),
        (
            "2026-01-05T10:00:00.1Z shop_edge.abcdefghijklmnopqrstuvwxy@worker | x",
            Line("2026-01-05T10:00:00.1Z", "shop_edge.worker@worker", "x"),
        ),
        ("2026-01-05T10:00Z shop_edge.0@worker | x", Line("2026-01-05T10:00Z", "shop_edge.worker@worker", "x")),
        ("error from daemon in stream: Error grabbing logs", None),
    ],
)
def test_a_line_says_which_task_of_which_node(text, line):
    assert swarm.of_service("", text) == line


def test_a_command_inside_knows_the_secrets():
    assert swarm.Runner(APP, "x").inside(["ls"])[-2:] == ["sh", "ls"]
