# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.problems import app_problems

WEB = {"image": "web:1", "port": 3000}
POSTGRES = {"image": "postgres:17"}
SITE = {"locations": [{"path": "/", "service": "web"}]}


def compose(**changes: Any) -> list[str]:
    return app_problems({"services": {"web": WEB}, "data_services": {"postgres": POSTGRES}, **changes}, "app_")


def swarm(site: dict | None = None, **changes: Any) -> list[str]:
    return compose(edge_sites={"shop": SITE | (site or {})}, **changes)


@pytest.mark.parametrize("judge", [compose, swarm])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, None),
        ({"services": {"web": {"build": {}, "port": 3000}}, "registry": "10.0.0.2:5000"}, None),
        ({"services": {"web": WEB | {"image": f"web@sha256:{'a' * 64}"}}}, None),
        ({"jobs": {"digest": {"service": "web", "command": ["x"], "schedule": "daily"}}}, None),
        (
            {"jobs": {"digest": {"service": "web", "command": "x", "schedule": "daily"}}},
            "app_jobs.digest.command must be a list of words",
        ),
        (
            {"services": {"web": WEB, "postgres": POSTGRES}},
            "app_services and app_data_services share a name: post",
        ),
        (
            {"services": {"web": WEB, "api": "x"}},
            "app_services.api must be a dictionary as in a compose file; it is 'x'.",
        ),
        ({"services": {"web": {"port": 3000}}}, "app_services.web needs `build`, or `image` with a digest or a tag"),
        ({"services": {"web": WEB | {"image": "web"}}}, "app_services.web needs `build`"),
        ({"services": {"web": WEB | {"image": "localhost:5000/web"}}}, "app_services.web needs `build`"),
        ({"data_services": {"postgres": {"image": "postgres:latest"}}}, "app_data_services.postgres needs `build`"),
        ({"release_command": {"service": "web"}}, "app_release_command: give both service and command, or neither."),
        ({"release_command": {"command": ["x"]}}, "app_release_command: give both service and command, or neither."),
        (
            {"release_command": {"service": "api", "command": ["x"]}},
            "app_release_command: there is no service api; app_services has web.",
        ),
        ({"data_services": {"mail": POSTGRES | {"ports": ["127.0.0.1:1080:1080"]}}}, None),
        ({"data_services": {"mail": POSTGRES | {"ports": [{"target": 80, "host_ip": "::1", "published": 80}]}}}, None),
        (
            {"data_services": {"mail": POSTGRES | {"ports": ["1080:1080"]}}},
            "mail would be open to the internet at port 10",
        ),
        (
            {"data_services": {"mail": POSTGRES | {"ports": ["0.0.0.0:1080:80/udp"]}}},
            "open to the internet at port 10",
        ),
        ({"data_services": {"mail": POSTGRES | {"ports": [1080]}}}, "open to the internet at port that Docker chooses"),
        (
            {"data_services": {"mail": POSTGRES | {"ports": ["8000-8001:80-81"]}}},
            "open to the internet at port 8000-8001",
        ),
        ({"data_services": {"mail": POSTGRES | {"ports": ["1080:1080"]}}, "public_ports": [1080]}, None),
    ],
)
def test_rules_of_both_runners(judge, changes, says):
    found = judge(**changes)
    assert [says in line for line in found] == [True] if says else found == []


def test_an_app_without_a_service_is_told():
    assert compose(services={}) == ["app_services is empty: declare at least one service."]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"services": {"web": WEB | {"ports": ["80:80"]}}},
            "app_services.web.ports: two colours cannot",
        ),
        ({"services": {"web": WEB | {"container_name": "x"}}}, "app_services.web.container_name: two colours cannot"),
        ({"database": {"service": "postgres", "name": "a", "user": "b"}, "database_password": "p"}, None),
        ({"database": {"service": "postgres", "name": "a", "user": "b"}}, "and app_database_password."),
        (
            {"database": {"service": "mysql", "name": "a", "user": "b"}, "database_password": "p"},
            "app_database: give",
        ),
        ({"database": {"service": "postgres"}, "database_password": "p"}, "app_database: give service (one of"),
        ({"redis": {"service": "postgres"}, "redis_password": "p"}, None),
        (
            {"redis": {"service": "redis"}, "redis_password": "p"},
            "app_redis: give service (one of",
        ),
    ],
)
def test_rules_of_one_server(changes, says):
    found = compose(**changes)
    assert [says in line for line in found] == [True] if says else found == []


STICKY = {"path": "/", "service": "web", "sticky": True}


@pytest.mark.parametrize(
    ("site", "changes", "says"),
    [
        (
            {},
            {"services": {"web": WEB, "edge": WEB | {"port": 1}}},
            "No service may be called edge: the role",
        ),
        (
            {},
            {"services": {"web": {"build": {}, "port": 1}}},
            "app_registry: nodes need a place to pull",
        ),
        (
            {"locations": [{"path": "/", "service": "x"}]},
            {},
            "app_edge_sites.shop.locations[1]: there is no service x.",
        ),
        ({"locations": [{"path": "/", "upstream": "10.20.0.9:80"}, {"service": "x"}, 7]}, {}, None),
        ({"locations": None}, {}, None),
        (
            {"locations": [{"path": "/", "service": "postgres"}]},
            {},
            "postgres has no `port`, so that",
        ),
        ({"locations": [{"path": "/", "service": "postgres", "port": 80}]}, {}, None),
        ({"locations": [STICKY]}, {}, None),
        ({"locations": [STICKY]}, {"services": {"web": WEB, "api": WEB}}, "/ is sticky, and api has web's port 3000"),
        (
            {},
            {"services": {"web": WEB | {"ports": ["80:80"]}}},
            "web would be open to the internet at port 80.",
        ),
    ],
)
def test_rules_of_a_swarm(site, changes, says):
    found = swarm(site, **changes)
    assert [says in line for line in found] == [True] if says else found == []


OPS = {"/ops": ["ops"], "/ops/open": []}
CLOSED = {"/": None, "/health": [], "/ops": None, "/ops/open": []}


@pytest.mark.parametrize(("names", "site"), [(OPS, {}), (CLOSED, {"basic_auth": ["ops"]})])
@pytest.mark.parametrize(
    ("check", "is_refused"),
    [
        ({"path": "/health"}, False),
        ({"path": "/ops/health"}, True),
        ({"path": "/ops/health", "edge": False}, False),
        ({"path": "/ops/open/health"}, False),
    ],
)
def test_a_release_in_a_swarm_must_not_meet_a_password(check, is_refused, names, site):
    locations = [
        {"path": path, "service": "web"} | ({} if who is None else {"basic_auth": who}) for path, who in names.items()
    ]
    found = swarm({"locations": locations, **site}, services={"web": WEB | {"checks": [check]}})
    says = "app_services.web.checks: /ops/health asks for a password"
    assert [says in line for line in found] == ([True] if is_refused else [])
