# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.job import job, one_off
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import Image
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle

from tests.unit.plugins.module_utils._swarm.stack.shop_stack import IMAGES, stack


def test_the_release_command_runs_once_where_no_traffic_finds_it():
    given = stack()
    made = bundle(given)
    spec = job(given, made, "release-command", "backend", ["node", "migrate.js"])
    assert spec["Mode"] == {"ReplicatedJob": {"MaxConcurrent": 1, "TotalCompletions": 1}}
    assert spec["TaskTemplate"]["Networks"] == [{"Target": "shop", "Aliases": ["release-command"]}]
    assert spec["TaskTemplate"]["ContainerSpec"]["Args"] == ["node", "migrate.js"]
    assert spec["TaskTemplate"]["ContainerSpec"]["Healthcheck"] == {"Test": ["NONE"]}
    assert len(made.secrets) == 1, "it reads the service's own environment"


def test_a_persons_command_runs_as_the_tasks_run_behind_the_images_entrypoint():
    made = bundle(stack())
    image = Image("r:5000/shop/backend:r1@sha256:1", entrypoint=("tini",))
    spec = one_off(made.services["shop_backend"], "shop_backend-run", image, None, ["node", "repl.js"])
    container, tasks = spec["TaskTemplate"]["ContainerSpec"], made.services["shop_backend"]["TaskTemplate"]
    assert container["Args"] == ["tini", "node", "repl.js"]
    assert container["Command"][:2] == ["/bin/sh", "-c"], "the secrets are read first"
    assert container["Secrets"] == tasks["ContainerSpec"]["Secrets"]
    assert spec["TaskTemplate"]["Networks"] == [{"Target": "shop", "Aliases": []}], "no traffic finds it"
    assert spec["Labels"]["izzzi.part"] == "job"
    assert tasks["ContainerSpec"]["Args"] == ["node", "main.js"], "the service itself is not touched"


def test_a_command_without_secrets_needs_no_shell():
    made = bundle(stack())
    spec = one_off(made.services["shop_postgres"], "shop_postgres-run", IMAGES["postgres"], "", ["psql", "-l"])
    container = spec["TaskTemplate"]["ContainerSpec"]
    assert (container["Command"], container["Args"]) == (["docker-entrypoint.sh"], ["psql", "-l"])


def test_a_command_in_a_data_services_image_gets_none_of_its_data():
    data = {"postgres": {"image": "postgres:17", "volumes": ["postgres:/data"], "shm_size": "256m"}}
    services = {"backend": {"image": "b", "volumes": ["files:/files"]}}
    given = stack(data_services=data, services=services, volumes={"postgres": {}, "files": {}})
    made = bundle(given)
    spec = one_off(made.services["shop_postgres"], "shop_postgres-run", IMAGES["postgres"], None, ["psql", "-l"])
    assert [mount["Target"] for mount in spec["TaskTemplate"]["ContainerSpec"]["Mounts"]] == ["/dev/shm"]
    spec = one_off(made.services["shop_backend"], "shop_backend-run", IMAGES["backend"], None, ["ls"])
    assert [mount["Target"] for mount in spec["TaskTemplate"]["ContainerSpec"]["Mounts"]] == ["/files"]
