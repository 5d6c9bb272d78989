# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.sql import Database
from ansible_collections.izzzi.infra.plugins.module_utils._backup import foreign

OWN = Path("/opt/izzzi")
DECLARED = Database("db", "izzzi", "izzzi")


def container(service: str, image: str, directory: str = "/home/deploy/izzzi", **more) -> dict:
    labels = {
        "com.docker.compose.project": "izzzi",
        "com.docker.compose.service": service,
        "com.docker.compose.project.working_dir": directory,
        "com.docker.compose.project.config_files": f"{directory}/docker-compose.yml",
        "com.docker.compose.oneoff": more.get("one_off", "False"),
    }
    return {
        "Id": f"id-{service}",
        "Config": {"Image": image, "Labels": labels, "Env": more.get("env", [])},
        "State": {"Status": more.get("status", "running")},
        "Mounts": [{"Type": "volume", "Name": name} for name in more.get("volumes", [])],
        "HostConfig": {"PortBindings": {"1/tcp": [{"HostPort": str(port)} for port in more.get("ports", [])]}},
    }


def guide(**postgres) -> list[dict]:
    env = ["POSTGRES_USER=izzzi", "POSTGRES_PASSWORD=a=b"]
    return [
        container("postgres", "postgres:16", **{"env": env, "volumes": ["izzzi_pgdata"], "ports": [5432], **postgres}),
        container("redis", "redis:7-alpine", ports=[6379]),
        container("backend", "izzzi-backend", ports=[4000]),
        container("mailhog", "mailhog/mailhog", status="exited"),
    ]


def stack(*items: dict) -> foreign.Stack | None:
    return foreign.parse(json.dumps(items), "izzzi", OWN)


def test_the_guides_project_is_told_from_the_apps_own():
    found = stack(*guide(), container("db", "postgres:17", "/opt/izzzi/data"), container("x", "x", one_off="True"))
    assert [part.service for part in found.parts] == ["postgres", "redis", "backend", "mailhog"]
    assert [part.service for part in found.app] == ["backend", "mailhog"]
    assert found.volumes == ["izzzi_pgdata"]
    assert stack(container("db", "postgres:17", "/opt/izzzi/data")) is None
    assert stack() is None
    other = container("db", "postgres:17")
    other["Config"]["Labels"]["com.docker.compose.project"] = "wiki"
    assert stack(other) is None


def test_what_ran_starts_again_from_its_own_directory_without_a_build():
    command = stack(*guide()).up()
    assert command[:8] == [
        *("docker", "compose", "--project-name", "izzzi", "--project-directory", "/home/deploy/izzzi"),
        *("--file", "/home/deploy/izzzi/docker-compose.yml"),
    ]
    assert command[8:] == ["up", "--detach", "--no-build", "--pull", "never", "backend", "postgres", "redis"]


def test_a_database_is_named_as_the_image_names_it():
    assert foreign.database(stack(*guide()).parts[0]) == Database("postgres", "izzzi", "izzzi")
    plain = stack(*guide(env=[])).parts[0]
    assert foreign.database(plain) == Database("postgres", "postgres", "postgres")


def test_what_fits_has_no_problems():
    assert foreign.problems(stack(*guide()), DECLARED, "redis", ["izzzi_postgres"]) == []
    assert foreign.problems(stack(container("web", "nginx")), None, "", []) == []


@pytest.mark.parametrize(
    ("items", "volumes", "told"),
    [
        (guide(status="exited"), [], "1 containers of izzzi are of the image postgres, and one that runs is wanted"),
        (guide()[1:], [], "0 containers of izzzi"),
        (guide(env=["POSTGRES_USER=shop"]), [], "{db: {database: shop, user: shop}}"),
        ([*guide(), container("cache", "redis:7")], [], "more than one Redis"),
        (guide(), ["izzzi_pgdata"], "app_data_volumes: {NAME: izzzi_pgdata_new}"),
    ],
)
def test_what_does_not_fit_is_said_with_the_line_that_does(items, volumes, told):
    found = foreign.problems(stack(*items), DECLARED, "redis", volumes)
    assert len(found) == 1
    assert told in found[0]


@pytest.mark.parametrize(
    ("text", "leads"),
    [
        ("location / { proxy_pass http://localhost:4000; }", True),
        ("proxy_pass  http://127.0.0.1:4000/api/;", True),
        ("proxy_pass http://127.0.0.1:9000;", False),
        ("root /var/www;", False),
    ],
)
def test_a_site_of_nginx_is_found_by_its_ports(text, leads):
    assert foreign.leads_to(text, stack(*guide())) is leads
