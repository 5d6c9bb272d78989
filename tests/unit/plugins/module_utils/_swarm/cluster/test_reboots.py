# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes reboot, in which order, and what keeps them from it. The Swarm is a few dictionaries."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.cluster.reboots import (
    GO,
    Reboots,
    image_of,
    in_order,
    task_spec,
)
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import NotFound
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.moves import NodeError, Nodes
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node

EDGE = {"Name": "shop_edge", "Labels": {"izzzi.part": "edge"}, "TaskTemplate": {"ContainerSpec": {"Image": "nginx@x"}}}


class World:
    """Nodes that reboot when the mark comes: what the API says of them, and which have the mark of an update."""

    def __init__(self, managers: int, workers: int, due: str):
        names = [f"m{n}" for n in range(1, managers + 1)] + [f"w{n}" for n in range(1, workers + 1)]
        self.due, self.now, self.away, self.told = set(due.split()), 0.0, {}, []
        self.nodes = {name: self._node(name) for name in names}
        self.services: dict[str, dict] = {}
        self.stubborn: set[str] = set()
        self.most_away = 0
        self.noted: list[str] = []
        self.balancer: list[str] = []
        self.patience = 0.0

    @staticmethod
    def _node(name: str) -> dict[str, Any]:
        role = "manager" if name.startswith("m") else "worker"
        status = {"Addr": f"10.0.0.{name[1]}:2377", "Reachability": "reachable"} if role == "manager" else None
        return {
            "ID": name,
            "Version": {"Index": 1},
            "Spec": {"Role": role, "Availability": "active", "Labels": {}},
            "Description": {"Hostname": name},
            "Status": {"State": "ready"},
            "ManagerStatus": status,
        }

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    # The API.

    def get(self, path: str, **query: Any) -> Any:
        for name, node in self.nodes.items():
            node["Status"]["State"] = "down" if 20 < self.now - self.away.get(name, self.now) < 60 else "ready"
        closed = [n for n in self.nodes.values() if n["Spec"]["Availability"] != "active"]
        self.most_away = max(self.most_away, len(closed))
        if path == "/nodes":
            return list(self.nodes.values())
        if path.startswith("/nodes/"):
            return self.nodes[path.removeprefix("/nodes/")]
        if path == "/services":
            return []
        assert path == "/tasks"
        return [
            self._task(service, node)
            for service in (query.get("filters") or {}).get("service", [])
            for node in self.nodes
        ]

    def _task(self, service: str, node: str) -> dict[str, Any]:
        command = self.services[service]["TaskTemplate"]["ContainerSpec"]["Command"][2]
        code = 1 if GO not in command.split("/") and node in self.due else 0
        status = {"State": "failed" if code else "complete", "ContainerStatus": {"ExitCode": code}}
        return {"ID": f"{service}-{node}", "NodeID": node, "Status": status}

    def post(self, path: str, body: Any = None, **_query: Any) -> Any:
        if path == "/services/create":
            self.services[body["Name"]] = body
            constraints = body["TaskTemplate"]["Placement"].get("Constraints") or []
            if body["TaskTemplate"]["ContainerSpec"]["Command"][2].endswith(f"/{GO}"):
                self.go(constraints[0].removeprefix("node.id=="))
            return {"ID": body["Name"]}
        self.nodes[path.split("/")[2]]["Spec"] = body
        return None

    def delete(self, path: str) -> None:
        if path.startswith("/services/"):
            del self.services[path.removeprefix("/services/")]
            raise NotFound(404, "already gone")

    def go(self, name: str) -> None:
        self.told.append(name)
        self.away[name] = self.now
        if name not in self.stubborn:
            self.due.discard(name)

    def of(self, own: str) -> Reboots:
        nodes = Nodes(self, 600, clock=lambda: self.now, sleep=self.sleep)
        return Reboots(
            nodes,
            own,
            "test",
            "registry:2",
            lambda text: None,
            self.noted.append,
            lambda: self.go(own),
            self.balancer.append,
            self.patience,
            lambda: self.now,
        )


def test_all_nodes_that_want_to_reboot_do_so_one_after_the_other():
    world = World(3, 2, "m1 m2 m3 w1 w2")
    assert world.of("m1").night() == ["w1", "w2", "m2", "m3"]
    assert world.due == {"m1"}
    assert world.nodes["m1"]["Spec"]["Availability"] == "active"
    assert [world.of(name).has_turn() for name in ("m1", "m2", "m3")] == [False, True, True]
    assert world.of("m2").night() == ["m1"]
    assert world.of("m3").night() == []
    assert world.told == world.noted == ["w1", "w2", "m2", "m3", "m1"]
    assert not any(world.of(name).has_turn() for name in ("m1", "m2", "m3"))
    assert [node["Spec"]["Labels"] for node in world.nodes.values()] == [{}] * 5
    assert world.most_away == 1
    assert world.services == {}


def test_a_turn_is_over_with_its_night_and_when_somebody_else_has_rebooted_the_node():
    world = World(3, 0, "m1")
    world.of("m1").night()
    assert world.of("m2").has_turn()
    world.now += 4 * 3600 + 1
    assert not world.of("m2").has_turn()
    world.due.clear()
    assert world.of("m2").night() == []
    assert world.nodes["m1"]["Spec"]["Labels"] == {}


def test_a_load_balancer_has_noticed_when_a_node_is_closed():
    """The host tells it first, as soon as the mark is there."""
    world = World(1, 1, "w1")
    world.patience = 35
    closed: list[float] = []
    nodes = world.of("m1")
    real = nodes.nodes.set_availability

    def seen(node: str, availability: str, purpose: str = "") -> None:
        closed.extend([world.now] if availability == "drain" else [])
        real(node, availability, purpose)

    nodes.nodes.set_availability = seen
    assert nodes.night() == ["w1"]
    assert closed == [pytest.approx(world.away["w1"] + 35, abs=2)]
    assert world.balancer == []  # of this host


def test_an_only_manager_tells_the_load_balancer_itself_and_takes_it_back_when_it_stays():
    world = World(1, 1, "m1")
    world.patience = 35
    world.of("m1").night()
    assert (world.balancer, world.now >= 35) == (["leave"], True)
    world = World(1, 1, "m1")
    night = world.of("m1")
    night.nodes.drain = lambda node, accepted, purpose, before: before() or (_ for _ in ()).throw(NodeError("it stays"))
    with pytest.raises(NodeError, match="it stays"):
        night.night()
    assert world.balancer == ["leave", "stay"]


def test_nobody_reboots_without_need():
    world = World(3, 2, "")
    assert world.of("m2").night() == []
    assert world.told == []


def test_no_node_reboots_while_another_is_away():
    world = World(3, 2, "w1")
    world.nodes["m3"]["Spec"]["Availability"] = "drain"
    with pytest.raises(NodeError, match=r"^w1 stays as it is, because after 600 s m3 is closed\.$"):
        world.of("m1").night()
    assert world.told == []


def test_the_first_that_is_not_well_ends_the_night():
    world = World(1, 2, "w1 w2")
    world.stubborn = {"w1"}
    with pytest.raises(NodeError, match="w1 did not reboot, or an update still asks for it"):
        world.of("m1").night()
    assert world.told == ["w1"]


def test_an_only_manager_reboots_itself_last_and_opens_its_node_when_it_is_back():
    world = World(1, 1, "m1 w1")
    assert world.of("m1").night() == ["w1", "m1"]
    assert world.nodes["m1"]["Spec"]["Labels"] == {"izzzi.closed": "reboot"}
    world.now += 300
    assert world.of("m1").open_returned() == ["m1"]
    assert world.nodes["m1"]["Spec"] == {"Role": "manager", "Availability": "active", "Labels": {}}


def test_nodes_that_people_have_closed_are_not_opened():
    world = World(1, 1, "")
    world.nodes["w1"]["Spec"] |= {"Availability": "drain", "Labels": {"izzzi.closed": "os_update"}}
    assert world.of("m1").open_returned() == []


def test_an_only_server_is_not_drained():
    world = World(1, 0, "m1")
    assert world.of("m1").night() == ["m1"]
    assert world.nodes["m1"]["Spec"]["Availability"] == "active"


def test_workers_come_first_and_this_manager_last():
    nodes = [Node("a", "a", role="manager"), Node("b", "b", role="manager"), Node("c", "c")]
    assert [node.id for node in in_order(nodes, "a")] == ["c", "b", "a"]


def test_the_edges_image_is_on_every_node():
    assert image_of([{"Spec": EDGE}], "registry:2") == "nginx@x"
    assert image_of([{"Spec": {"Name": "other"}}], "registry:2") == "registry:2"


def test_a_task_runs_once_beside_the_hosts_marks():
    task = task_spec("x", "nginx", "true", "node-id")["TaskTemplate"]
    assert task["RestartPolicy"] == {"Condition": "none"}
    assert task["Placement"] == {"Constraints": ["node.id==node-id"]}
    assert task["ContainerSpec"]["Mounts"] == [
        {"Type": "bind", "Source": "/run/izzzi-reboot", "Target": "/run/izzzi-reboot"}
    ]
