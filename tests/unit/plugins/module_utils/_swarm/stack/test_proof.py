# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.checks import Answer
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.converge import Convergence
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.deploy import Deployment
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import (
    Bundle,
    Image,
    Options,
    StackError,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.once import scaled
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.proof import edge_probes, prove_edge, prove_trial
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task

from tests.unit.plugins.module_utils._swarm.stack.fake_cluster import Cluster, deployment, made

CHECKS = [{"path": "/health", "headers": {"X-Word": "hello"}}, {"path": "/in", "edge": False}]


SPEC = {"Name": "shop_web-trial", "Labels": {"izzzi.service": "web"}}


class Trial(Swarm):
    """A Swarm with one trial task."""

    def __init__(self, task: Task, answers: list[int], namespace: int = 7):
        super().__init__(None, "shop")
        self.task, self.answers, self.namespace, self.asked = task, answers, namespace, []

    def tasks(self, name):
        return [self.task]

    def network_namespace(self):
        return self.namespace

    def request(self, namespace, address, port, check):
        self.asked.append(f"{address}:{port}{check['path']}")
        return Answer(status=self.answers.pop(0) if len(self.answers) > 1 else self.answers[0])

    def logs(self, task):
        return f"words of {task}"


def convergence(swarm: Swarm) -> Convergence:
    now = [0.0]
    made = Convergence(swarm, Options(wait_timeout=5, edge_port=80), lambda: now[0], ports={"web": 3000})
    made.sleep = lambda seconds: now.__setitem__(0, now[0] + seconds)
    made.wait = lambda _watch, _spec: None
    return made


RUNNING = Task("t", state="running", addresses={"shop": ("10.0.1.9",)})


def test_a_trial_answers_every_check_twice_in_a_row():
    swarm = Trial(RUNNING, [200, 503, 200])
    assert prove_trial(convergence(swarm), SPEC, CHECKS, "r1", None) == "is healthy and answers as asked"
    assert swarm.asked == [f"10.0.1.9:3000{path}" for path in ("/health", "/in", "/health", "/in", "/health", "/in")]


@pytest.mark.parametrize(
    ("task", "says"),
    [
        (RUNNING, "shop_web-trial: /health does not answer as asked: status 503 is not 200; got 503, no body"),
        (Task("t", state="starting", addresses=RUNNING.addresses), "it has no address in the app's network"),
        (Task("t", state="running", addresses={"other": ("10.0.2.9",)}), "it has no address in the app's network"),
    ],
)
def test_a_trial_that_does_not_answer_says_what_came_instead(task, says):
    with pytest.raises(StackError) as caught:
        prove_trial(convergence(Trial(task, [503])), SPEC, CHECKS, "r1", None)
    assert says in str(caught.value)
    assert caught.value.logs == "words of t"


def test_where_nobody_can_be_asked_it_is_said():
    made = convergence(Trial(RUNNING, [200], namespace=0))
    assert "no container of the app runs on this manager" in prove_trial(made, SPEC, CHECKS, "r1", None)
    assert prove_trial(made, SPEC, [], "r1", None) == "is healthy"


def test_the_edge_of_every_node_is_asked_for_what_is_public():
    nodes = [Node("a", "a", "10.0.0.1"), Node("b", "b", "10.0.0.2")]
    made, asked = convergence(Trial(RUNNING, [200])), []
    made.send = lambda probe: asked.append(probe.request.url) or Answer(status=200)
    prove_edge(made, nodes, {"web": CHECKS}, "r1")
    assert asked == ["http://10.0.0.1:80/health", "http://10.0.0.2:80/health"] * 3
    made.send = lambda _probe: Answer(status=502)
    with pytest.raises(StackError, match=r"web: http://10.0.0.1:80/health does not answer as asked: status 502"):
        prove_edge(made, nodes, {"web": CHECKS}, "r1")


def test_a_site_with_a_name_is_asked_by_it_at_the_nodes_address():
    options = Options(edge_port=443, edge_scheme="https", edge_host="shop.example")
    (probe,) = edge_probes(options, Node("a", "a", "10.0.0.1"), {"web": CHECKS}, "r1")
    assert probe.request.url == "https://shop.example:443/health"
    assert probe.request.connect_to == ("10.0.0.1", 443)


def edged(tag: str) -> Bundle:
    """The app with an edge that may run on managers only."""
    stack, _ = made(tag)
    edge = {"edge": {"image": "nginx", "deploy": {"placement": {"constraints": ["node.role == manager"]}}}}
    images = {**stack.images, "edge": Image("nginx@sha256:1", "nginx:1", (), ("nginx",))}
    return bundle(dataclasses.replace(stack, edge=edge, images=images))


def asked_of(cluster: Cluster, contents: Bundle) -> tuple[Deployment, list[str]]:
    d, asked = deployment(cluster, contents, edge_port=80), []
    d.send = lambda probe: asked.append(probe.request.url) or Answer(status=200, body="{}")
    d.run("one", "deploy", None, {"web": [{"path": "/web"}], "api": [{"path": "/api"}]}, 60)
    d.store.close()
    return d, asked


def test_only_nodes_that_have_the_edge_are_asked_for_the_release():
    cluster = Cluster()
    cluster.eligible = lambda spec: [
        node for node in cluster.nodes().values() if spec["Labels"]["izzzi.part"] == "edge"
    ]
    _, asked = asked_of(cluster, edged("one"))
    assert set(asked) == {"http://10.0.0.2:80/web", "http://10.0.0.2:80/api"}
    cluster.eligible = lambda spec: []
    assert asked_of(cluster, edged("two"))[1] == []


def test_a_service_that_was_scaled_to_nothing_keeps_no_release_from_going_live():
    cluster = Cluster()
    cluster.eligible = lambda spec: list(cluster.nodes().values())
    asked_of(cluster, edged("one"))
    cluster.update(scaled(cluster.specs()["shop_web"], 0))
    d, asked = asked_of(cluster, edged("two"))
    assert set(asked) == {"http://10.0.0.2:80/api"}
    assert any("shop_web: has 0 tasks since it was scaled" in event for event in d.events)
