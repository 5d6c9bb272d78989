# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.service_rules import (
    colour_problems,
    image_volumes,
    nameless_volumes,
    service_problems,
    single_problems,
    start_problems,
    starts_after_switch,
    targets,
    with_replicas,
)


def test_what_must_not_run_twice_is_what_says_so():
    services = {"web": {}, "timer": {"start": "after_switch"}, "mails": {"start": "with_release"}}
    assert starts_after_switch(services) == ["timer"]
    assert list(start_problems("services", services)) == []


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ({"start": "later"}, "services.worker.start: 'later' is not known. Use after_switch"),
        ({"start": "after_switch", "port": 80}, "services.worker has `port` and `start: after_switch`: visitors"),
        ({"start": "after_switch", "assets": {"/a": "/b"}}, "has `assets`"),
        ({"start": "after_switch", "checks": [{"path": "/"}]}, "has `checks`"),
    ],
)
def test_what_visitors_meet_cannot_start_after_them(service, told):
    (problem,) = start_problems("services", {"worker": service})
    assert told in problem


@pytest.mark.parametrize(
    ("service", "found"),
    [
        ({"volumes": ["pg:/data", "/host:/x:ro", "./here:/y"]}, {"/data": "pg", "/x": "/host", "/y": "./here"}),
        ({"volumes": ["/data"]}, {"/data": ""}),
        ({"volumes": [{"type": "volume", "target": "/data/"}]}, {"/data": ""}),
        ({"volumes": [{"target": "/data", "source": "pg"}]}, {"/data": "pg"}),
        ({"volumes": [{"type": "tmpfs", "target": "/data"}]}, {"/data": "tmpfs"}),
        ({"tmpfs": ["/data:size=1m", "/run"]}, {"/data": "tmpfs", "/run": "tmpfs"}),
        ({"tmpfs": "/data"}, {"/data": "tmpfs"}),
        ({}, {}),
    ],
)
def test_mounts_in_all_their_forms(service, found):
    assert targets(service) == found


def test_a_data_service_with_a_volume_without_a_name_is_refused_with_the_cure():
    data = {"db": {"volumes": ["/var/lib/postgresql/data", "conf:/etc/pg"]}, "cache": {"tmpfs": ["/data"]}}
    (problem,) = nameless_volumes("app_compose_data_services", data)
    assert problem.startswith(
        "app_compose_data_services.db mounts a volume without a name at /var/lib/postgresql/data:"
    )
    assert "`volumes: [db:/var/lib/postgresql/data]`, with `db: {}` among the volumes" in problem
    assert "`tmpfs: [/var/lib/postgresql/data]`" in problem
    assert service_problems({}, data) == [problem]


@pytest.mark.parametrize(
    ("service", "said"),
    [
        (
            {"deploy": {"replicas": 2, "resources": {"limits": {}}}},
            {"replicas": 2, "deploy": {"resources": {"limits": {}}}},
        ),
        ({"deploy": {"replicas": 2}, "image": "x"}, {"replicas": 2, "image": "x"}),
        ({"scale": 3}, {"replicas": 3}),
        ({"replicas": 1, "deploy": {"replicas": 2}}, {"replicas": 1}),
        ({"deploy": {"resources": {}}}, {"deploy": {"resources": {}}}),
        ({"replicas": 2}, {"replicas": 2}),
        ({}, {}),
    ],
)
def test_replicas_are_said_in_one_word(service, said):
    assert with_replicas(service) == said


@pytest.mark.parametrize(
    ("service", "told"),
    [
        ({"deploy": {"replicas": "${N:-2}"}}, "services.web.replicas: '${N:-2}' is not a valid number of containers"),
        ({"replicas": 0}, "services.web.replicas: '0' is not a valid number of containers. Use 1 or more."),
        ({"network_mode": "host", "port": 80}, "services.web.network_mode: host lets both colours listen"),
        ({"profiles": ["prod"]}, "services.web.profiles: what is declared here always runs"),
    ],
)
def test_what_two_colours_cannot_have_is_told(service, told):
    (problem,) = colour_problems("services", {"web": service})
    assert told in problem


@pytest.mark.parametrize("twice", [{"replicas": 2}, {"deploy": {"replicas": 2}}, {"scale": 2}, {"replicas": 0}])
def test_a_data_service_runs_once(twice):
    (problem,) = single_problems("data", {"db": twice, "mail": {"deploy": {"replicas": 1}}})
    assert problem.startswith("data.db runs once: two servers on one volume destroy its data.")


@pytest.mark.parametrize(
    ("volumes", "refused"),
    [
        ([], True),
        # One above it is hidden by Docker's own.
        (["pg:/var/lib/postgresql"], True),
        (["pg:/var/lib/postgresql/data"], False),
        ([{"type": "tmpfs", "target": "/var/lib/postgresql/data"}], False),
    ],
)
def test_what_an_image_keeps_needs_a_mount_at_the_very_path(volumes, refused):
    service = {"image": "postgres:17", "volumes": volumes}
    found = image_volumes("data", "db", service, {"/var/lib/postgresql/data": {}})
    assert bool(found) is refused
    assert not refused or "the image postgres:17 keeps data at /var/lib/postgresql/data" in found[0]
    assert image_volumes("data", "db", service, None) == []
