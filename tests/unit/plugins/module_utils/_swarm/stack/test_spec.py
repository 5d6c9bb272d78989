# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.values import SpecError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import may_overlap, volumes_of
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import content_name
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle

from tests.unit.plugins.module_utils._swarm.stack.shop_stack import BACKEND, IMAGES, POSTGRES, SECOND, backend, stack


def test_a_stateless_service_has_the_guides_values():
    spec = backend()
    task = spec["TaskTemplate"]
    assert spec["Mode"] == {"Replicated": {"Replicas": 2}}
    assert task["Resources"] == {
        "Limits": {"NanoCPUs": SECOND // 2, "MemoryBytes": 512 * 2**20},
        "Reservations": {"NanoCPUs": SECOND // 4, "MemoryBytes": 256 * 2**20},
    }
    assert spec["UpdateConfig"] == {
        "Parallelism": 1,
        "Delay": 10 * SECOND,
        "FailureAction": "rollback",
        "Monitor": 5 * SECOND,
        "MaxFailureRatio": 0.0,
        "Order": "start-first",
    }
    assert spec["RollbackConfig"]["FailureAction"] == "pause"
    assert spec["EndpointSpec"] == {"Mode": "dnsrr"}
    assert task["Networks"] == [{"Target": "shop", "Aliases": ["backend"]}]
    assert task["ContainerSpec"]["Image"] == "r:5000/shop/backend:r1@sha256:1"
    assert spec["Labels"]["com.docker.stack.namespace"] == "shop"


def test_what_keeps_data_is_pinned_alone_and_stops_first():
    spec = bundle(stack()).services["shop_postgres"]
    assert spec["TaskTemplate"]["Placement"] == {"Constraints": ["node.labels.izzzi.data == true"]}
    assert spec["TaskTemplate"]["ContainerSpec"]["Mounts"][0]["Source"] == "shop_postgres"
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert spec["UpdateConfig"]["Delay"] == 0
    assert spec["TaskTemplate"]["Resources"] == {}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"replicas": 2}, r"replicas: 2 is refused, because two tasks would write to one volume \(postgres\)"),
        ({"deploy": {"replicas": 2}}, "replicas: 2 is refused, because two tasks would write to one volume"),
        ({"deploy": {"mode": "global"}}, "deploy.mode: global runs a task on every node, and two tasks would write"),
        ({"volumes": [], "replicas": 2}, "replicas: 2 is refused, because what one task of a data service is given"),
        ({"enviroment": {}}, "there is no key enviroment: is environment meant"),
        ({"deploy": {"resorces": {}}}, "there is no key deploy.resorces: is deploy.resources meant"),
        (
            {"deploy": {"update_config": {"paralelism": 1}}},
            "there is no key deploy.update_config.paralelism: is deploy",
        ),
        ({"healthcheck": {"intervall": "1s"}}, "there is no key healthcheck.intervall: is healthcheck.interval meant"),
        ({"healthcheck": ["x"]}, "healthcheck must be a dictionary"),
        ({"volumes": [{"type": "bind", "source": "/a", "target": "/b", "bind": {}}]}, "Swarm has no volumes.0..bind"),
        ({"command": "run ${X:?must be set}"}, "command: ${X} is not defined: must be set".replace("$", r"\$")),
        ({"environment": {"URL": "${X:?must be set}"}}, r"environment.URL: \${X} is not defined: must be set"),
        (
            {"deploy": {"update_config": {"order": "start-first"}}},
            "update_config.order: start-first would run two at once, and two tasks would write to one volume",
        ),
        ({"privileged": True}, "Swarm has no privileged"),
        ({"volumes": ["other:/x"]}, "volume 'other' is not declared"),
        ({"secrets": ["key"]}, "secret 'key' is not declared"),
    ],
)
def test_what_swarm_cannot_do_is_refused_by_name(more, message):
    with pytest.raises(SpecError, match=f"postgres: {message}"):
        bundle(stack(data_services={"postgres": {**POSTGRES, **more}}))


def test_the_edge_is_on_every_node_with_the_nodes_own_ports():
    edge = {
        "image": "nginx:1.28",
        "ports": ["80:80"],
        "configs": [{"source": "conf", "target": "/etc/nginx/nginx.conf"}],
    }
    made = bundle(stack(edge={"edge": edge}, config_files={"conf": "events {}"}))
    spec = made.services["shop_edge"]
    assert spec["Mode"] == {"Global": {}}
    assert spec["EndpointSpec"]["Ports"] == [
        {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 80, "PublishMode": "host"}
    ]
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert [m["Source"] for m in spec["TaskTemplate"]["ContainerSpec"]["Mounts"]] == ["shop_edge.files"]
    assert volumes_of(spec) == set(), "a node with an edge keeps no data"
    name = content_name("shop", "conf", b"events {}")
    assert made.configs == {name: b"events {}"}
    assert spec["TaskTemplate"]["ContainerSpec"]["Configs"][0]["ConfigName"] == name


def test_a_port_of_the_loopback_is_not_published():
    mail = {"image": "nginx:1.28", "ports": ["127.0.0.1:1080:1080"]}
    made = bundle(stack(data_services={"edge": mail}))
    assert made.services["shop_edge"]["EndpointSpec"] == {"Mode": "dnsrr"}


def test_deploy_has_the_last_word():
    deploy = {
        "replicas": 3,
        "resources": {"limits": {"memory": "1G"}, "reservations": {"cpus": 0, "memory": 0}},
        "placement": {"constraints": ["node.role == worker"], "max_replicas_per_node": 1},
        "update_config": {"parallelism": 2, "delay": "1s", "failure_action": "pause"},
        "restart_policy": {"condition": "on-failure", "max_attempts": 2},
        "endpoint_mode": "vip",
    }
    spec = backend(deploy=deploy)
    task = spec["TaskTemplate"]
    assert spec["Mode"] == {"Replicated": {"Replicas": 3}}
    assert task["Resources"] == {"Limits": {"NanoCPUs": SECOND // 2, "MemoryBytes": 2**30}}
    assert task["Placement"] == {"Constraints": ["node.role == worker"], "MaxReplicas": 1}
    assert task["RestartPolicy"] == {"Condition": "on-failure", "Delay": 5 * SECOND, "MaxAttempts": 2}
    assert (spec["UpdateConfig"]["Parallelism"], spec["UpdateConfig"]["Delay"]) == (2, SECOND)
    assert spec["EndpointSpec"] == {"Mode": "vip"}


def test_what_starts_after_the_switch_runs_once_and_is_never_overlapped():
    worker = {"build": {}, "start": "after_switch"}
    spec = bundle(stack(services={"backend": worker})).services["shop_backend"]
    assert spec["Labels"]["izzzi.start"] == "after_switch"
    assert spec["Mode"] == {"Replicated": {"Replicas": 1}}
    assert spec["UpdateConfig"]["Order"] == spec["RollbackConfig"]["Order"] == "stop-first"
    assert not may_overlap(spec), "no trial task beside it"
    with pytest.raises(SpecError, match="replicas: 2 is refused, because start: after_switch says that two never run"):
        bundle(stack(services={"backend": {**worker, "replicas": 2}}))
    with pytest.raises(SpecError, match="backend has `port` and `start: after_switch`: visitors would meet"):
        backend(start="after_switch")
    with pytest.raises(SpecError, match=r"swarm_stack_services.backend.start: 'later' is not known"):
        backend(start="later")


def test_data_in_a_volume_without_a_name_is_refused_also_the_images_own():
    with pytest.raises(SpecError, match="postgres mounts a volume without a name at /data"):
        bundle(stack(data_services={"postgres": {**POSTGRES, "volumes": ["/data"]}}))
    images = {**IMAGES, "postgres": replace(IMAGES["postgres"], volumes=("/var/lib/postgresql",))}
    with pytest.raises(
        SpecError, match="the image postgres:17 keeps data at /var/lib/postgresql, and nothing is mounted"
    ):
        bundle(stack(images=images))


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(SpecError) as caught:
        bundle(
            stack(services={"backend": {**BACKEND, "enviroment": {}}}, data_services={"postgres": {"privileged": 1}})
        )
    assert [line.split(":")[0] for line in str(caught.value).splitlines()] == ["postgres", "backend"]


def test_a_port_of_every_node_is_not_started_twice():
    spec = backend(ports=["9000:9000"], deploy={"mode": "global"})
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert backend(ports=["9000:9000"])["UpdateConfig"]["Order"] == "start-first"


def test_the_repositorys_own_number_of_replicas_counts():
    assert backend(deploy={"replicas": 3})["Mode"] == {"Replicated": {"Replicas": 3}}
    assert backend(scale=4)["Mode"] == {"Replicated": {"Replicas": 4}}
    assert backend(deploy={"replicas": 3}, replicas=1)["Mode"] == {"Replicated": {"Replicas": 1}}


def test_pages_are_on_every_node_and_read_what_its_host_writes():
    images = {**IMAGES, "operators": IMAGES["backend"]}
    pages = {"operators": {"image": "nginx:1.28", "ports": ["8080:8080"], "command": ["nginx"]}}
    spec = bundle(stack(pages=pages, images=images)).services["shop_operators"]
    assert spec["Mode"] == {"Global": {}}
    assert spec["UpdateConfig"]["Order"] == "stop-first"
    assert spec["EndpointSpec"]["Mode"] == "dnsrr"
    assert spec["Labels"]["izzzi.part"] == "pages"
    mounts = {mount["Source"]: mount["ReadOnly"] for mount in spec["TaskTemplate"]["ContainerSpec"]["Mounts"]}
    assert mounts == {"shop_pages.files": True, "shop_edge.files": True}, "the certificates are with the edge's"
    assert volumes_of(spec) == set(), "nothing of it is data that a node would have to keep"
