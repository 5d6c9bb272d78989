# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm import placement
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.node import Node, parse_node
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.task import Task


def node(identity: str, *, labels=None, availability="active", state="ready", role="worker") -> Node:
    item = {
        "ID": identity,
        "Spec": {"Role": role, "Availability": availability, "Labels": labels or {}},
        "Description": {
            "Hostname": f"host-{identity}",
            "Platform": {"OS": "linux", "Architecture": "x86_64"},
            "Engine": {"Labels": {"rack": "1"}},
        },
        "Status": {"State": state, "Addr": f"10.0.0.{ord(identity[0])}"},
    }
    return parse_node(item)


def service(
    identity="s", *, replicas=2, constraints=(), mounts=(), ports=(), maximum=0, mode=None, update=None
) -> dict:
    spec = {
        "Name": f"app_{identity}",
        "Labels": {"izzzi.app": "app"},
        "Mode": mode or {"Replicated": {"Replicas": replicas}},
        "TaskTemplate": {"ContainerSpec": {"Image": "x", "Mounts": list(mounts)}, "Placement": {}},
    }
    if constraints:
        spec["TaskTemplate"]["Placement"]["Constraints"] = list(constraints)
    if maximum:
        spec["TaskTemplate"]["Placement"]["MaxReplicas"] = maximum
    if ports:
        spec["EndpointSpec"] = {"Ports": list(ports)}
    if update:
        spec["UpdateConfig"] = update
    return {"ID": identity, "Spec": spec}


def task(node: str, service="s", *, desired="running", state="running", error="") -> Task:
    return Task("t", service=service, node=node, desired=desired, state=state, error=error)


NODES = [node("a", labels={"izzzi.data": "true"}, role="manager"), node("b"), node("c")]
HOST_PORT = {"PublishMode": "host", "PublishedPort": 80, "TargetPort": 80}


@pytest.mark.parametrize(
    ("constraint", "ids"),
    [
        ("node.labels.izzzi.data == true", "a"),
        ("node.labels.izzzi.data!=true", "bc"),
        ("node.id!=b", "ac"),
        ("node.hostname == HOST-B", "b"),
        ("node.role==manager", "a"),
        ("node.platform.os == linux", "abc"),
        ("engine.labels.rack==1", "abc"),
        ("node.unknown==x", ""),
        ("nonsense", ""),
    ],
)
def test_constraints_are_read_as_swarm_reads_them(constraint, ids):
    assert "".join(n.id for n in NODES if placement.matches(constraint, n)) == ids


def test_only_active_and_ready_nodes_take_tasks():
    nodes = [node("a"), node("b", availability="drain"), node("c", state="down"), node("d", availability="pause")]
    assert [n.id for n in placement.eligible(service()["Spec"], nodes)] == ["a"]


def blocker(s: dict, *tasks: Task, nodes=NODES) -> str:
    return placement.blocker(s, list(tasks), nodes, "a")


def test_what_can_run_elsewhere_does_not_block():
    assert blocker(service(), task("a"), task("b")) == ""
    assert blocker(service(replicas=1, constraints=["node.labels.izzzi.data==true"]), task("b")) == "", "not there"
    assert blocker(service(mode={"Global": {}}), task("a")) == "", "a global service just stops there"
    assert blocker(service(mounts=[{"Type": "bind", "Source": "/etc"}]), task("a")) == ""
    assert blocker(service(mounts=[{"Type": "volume", "Target": "/tmp"}]), task("a")) == "", "an anonymous volume"


def test_what_cannot_leave_says_why():
    pinned = service(constraints=["node.labels.izzzi.data == true"])
    assert blocker(pinned, task("a")) == "no other node may run it (node.labels.izzzi.data == true)"
    assert blocker(service(), task("a"), nodes=NODES[:1]) == "there is no other node"
    data = service(mounts=[{"Type": "volume", "Source": "postgres"}])
    assert blocker(data, task("a")) == "its data lies on this node (volume postgres)"
    assert "a job" in blocker(service(mode={"ReplicatedJob": {}}), task("a"))


def test_a_volume_of_the_network_moves_along():
    nfs = {
        "Type": "volume",
        "Source": "x",
        "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": "nfs"}}},
    }
    assert blocker(service(mounts=[nfs]), task("a")) == ""


def test_host_ports_and_limits_need_free_nodes():
    published = service(replicas=3, ports=[HOST_PORT])
    assert blocker(published, task("a"), task("b")) == ""
    assert "take 0 more of its tasks, 1 have to move" in blocker(published, task("a"), task("b"), task("c"))
    assert "take 1 more of its tasks, 2 have to move" in blocker(
        service(replicas=4, maximum=2), task("a"), task("a"), task("b"), task("b"), task("c")
    )


def test_tasks_that_have_ended_keep_nothing():
    assert (
        blocker(service(mounts=[{"Type": "volume", "Source": "x"}]), task("a", desired="shutdown", state="shutdown"))
        == ""
    )


@pytest.mark.parametrize("update", [None, {"Parallelism": 2, "Delay": 10, "Order": "stop-first", "Monitor": 5}])
@pytest.mark.parametrize("constraints", [(), ("node.role==worker",)])
def test_a_moved_spec_is_put_back_exactly(update, constraints):
    before = service(update=update, constraints=constraints)
    moving = placement.moving_spec(before["Spec"], NODES[0].id)
    assert moving["TaskTemplate"]["Placement"]["Constraints"] == [*constraints, "node.id!=a"]
    assert (moving["UpdateConfig"]["Order"], moving["UpdateConfig"]["FailureAction"]) == ("start-first", "pause")
    assert placement.restored_spec(moving) == before["Spec"]
    assert placement.restored_spec(before["Spec"]) is None


def test_spreading_keeps_its_new_tasks_when_the_rest_is_put_back():
    before = service()
    restored = placement.restored_spec(placement.spreading_spec(before["Spec"]))
    assert restored["TaskTemplate"].pop("ForceUpdate") == 1
    assert restored == before["Spec"]


def test_a_service_has_moved_when_all_replicas_run_elsewhere():
    s = service()
    assert placement.unmoved(s, [task("b"), task("c")], "a") == ""
    assert placement.unmoved(s, [task("b"), task("c"), task("a", desired="shutdown")], "a") == ""
    assert placement.unmoved(s, [task("b"), task("c"), task("a")], "a") == "2 of 2 run elsewhere"
    starting = [task("b"), task("c", state="starting"), task("a")]
    assert placement.unmoved(s, starting, "a") == "1 of 2 run elsewhere (starting)"
    pending = [task("b"), task("", state="pending", error="no suitable node")]
    assert placement.unmoved(s, pending, "a") == "1 of 2 run elsewhere (no suitable node)"


def test_only_a_halt_of_this_update_counts():
    s = {
        **service(),
        "UpdateStatus": {"State": "paused", "StartedAt": "2026-11-25T10:00:00Z", "Message": "task failed"},
    }
    assert placement.halted(s, "2026-11-25T09:00:00Z") == "task failed"
    assert placement.halted(s, "2026-11-25T11:00:00Z") == ""
    assert placement.halted(service(), "2026-11-25T11:00:00Z") == ""
    s["UpdateStatus"]["State"] = "completed"
    assert placement.completed(s, "2026-11-25T09:00:00Z")
    assert not placement.completed(s, "2026-11-25T11:00:00Z")
    assert not placement.completed(service(), "2026-11-25T11:00:00Z")


@pytest.mark.parametrize(
    ("where", "uneven"), [("aa", True), ("ab", False), ("aab", True), ("aabc", False), ("aaabbc", True)]
)
def test_a_service_is_uneven_by_more_than_one_task(where, uneven):
    tasks = [task(n) for n in where]
    assert placement.is_uneven(service(replicas=len(where)), tasks, NODES) is uneven


def test_what_cannot_move_is_never_uneven():
    assert not placement.is_uneven(service(mounts=[{"Type": "volume", "Source": "x"}]), [task("a"), task("a")], NODES)
    assert not placement.is_uneven(service(constraints=["node.role==manager"]), [task("a"), task("a")], NODES)
    assert not placement.is_uneven(service(mode={"Global": {}}), [task("a")], NODES)


@pytest.mark.parametrize(
    ("constraints", "nodes", "why"),
    [
        (["node.role==worker"], NODES, ""),
        (["node.labels.rack==7"], NODES, "no node that takes tasks fits its constraints (node.labels.rack==7)"),
        (
            ["node.labels.izzzi.data==true"],
            [node("a", availability="drain"), node("b")],
            "node.labels.izzzi.data==true",
        ),
        ([], [node("b", state="down")], "no node takes tasks"),
        (["node.role==worker"], [], ""),  # a check before there is a Swarm
    ],
)
def test_a_service_that_no_node_may_run_is_known_beforehand(constraints, nodes, why):
    found = placement.misfit(service(constraints=constraints)["Spec"], nodes)
    assert why in found
    assert bool(why) == bool(found)


DATA_VOLUME = {"Type": "volume", "Source": "app_data", "Target": "/data"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"mounts": [DATA_VOLUME], "constraints": ["node.labels.izzzi.data == true"]}, ""),
        ({"mounts": [DATA_VOLUME]}, "its volume (app_data) lies on one node, and it may run on 3"),
        (
            {"mounts": [DATA_VOLUME], "constraints": ["node.role == worker"]},
            "its constraints (node.role == worker) fit 2",
        ),
        ({"constraints": ["node.role == worker"]}, ""),
    ],
)
def test_data_that_could_move_to_another_node_is_found(more, why):
    assert why in placement.floating(service(**more)["Spec"], NODES)
    assert bool(placement.floating(service(**more)["Spec"], NODES)) == bool(why)


START_FIRST, STOP_FIRST = {"Order": "start-first"}, {"Order": "stop-first"}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"replicas": 3, "update": START_FIRST}, ""),
        ({"replicas": 2, "maximum": 1, "update": START_FIRST}, ""),
        ({"replicas": 3, "maximum": 1, "update": STOP_FIRST}, ""),
        (
            {"replicas": 3, "maximum": 1, "update": START_FIRST},
            "3 tasks leave no place for the one that an update starts",
        ),
        (
            {"replicas": 4, "maximum": 1, "update": STOP_FIRST},
            "4 tasks have no place: one node takes 1 of its tasks (deploy",
        ),
        (
            {"replicas": 3, "ports": [HOST_PORT], "update": START_FIRST},
            "one node takes 1 of its tasks (it takes a port",
        ),
        ({"replicas": 0, "maximum": 1, "update": START_FIRST}, ""),
        ({"mode": {"Global": {}}, "maximum": 1, "update": STOP_FIRST}, ""),
    ],
)
def test_an_update_that_could_never_get_there_is_found(more, why):
    found = placement.no_room(service(**more)["Spec"], NODES)
    assert why in found
    assert bool(found) == bool(why)


@pytest.mark.parametrize("label", [{"izzzi.start": "after_switch"}, {"izzzi.part": "data"}])
def test_what_must_not_run_twice_does_not_for_a_move(label):
    given = service(update=START_FIRST)
    assert placement.moving_spec(given["Spec"], NODES[0].id)["UpdateConfig"]["Order"] == "start-first"
    given["Spec"]["Labels"].update(label)
    moved = placement.moving_spec(given["Spec"], NODES[0].id)
    assert moved["UpdateConfig"]["Order"] == "stop-first"
    assert placement.restored_spec(moved)["UpdateConfig"] == START_FIRST
