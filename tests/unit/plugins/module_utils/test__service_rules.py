from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._service_rules import (
    image_volumes,
    nameless_volumes,
    service_problems,
    start_problems,
    starts_after_switch,
    targets,
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
