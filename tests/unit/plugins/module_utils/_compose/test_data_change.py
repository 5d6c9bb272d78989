# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import ColouredApp
from ansible_collections.izzzi.infra.plugins.module_utils._compose.containers import Container
from ansible_collections.izzzi.infra.plugins.module_utils._compose.data_change import (
    image_change,
    losses,
    remembered,
    rivals,
    together,
)

DB = {"image": "postgres:17", "volumes": ["pg:/var/lib/postgresql/data"]}


def app(volumes: dict | None = None, **data_services: dict) -> ColouredApp:
    return ColouredApp("shop", Path("/opt/shop"), {}, data_services, volumes or {"pg": {}, "new": {}})


def running(service: str = "db", image: str = "postgres:17", volume: str = "shop_pg") -> Container:
    mounts = {"/var/lib/postgresql/data": volume}
    return Container("1", f"shop-{service}-1", service, "running", "", 0, 0, "sha256:1", "", image, {}, mounts)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({}, ""),
        ({"mem_limit": "1g"}, ""),
        ({"image": "registry.example/postgres:17.2@sha256:1"}, ""),
        ({"volumes": ["new:/var/lib/postgresql/data"]}, "is in the volume shop_pg, at /var/lib/postgresql/data"),
        ({"volumes": ["pg:/var/lib/postgresql"]}, "declared there is nothing of a volume's"),
        ({"volumes": ["/srv/pg:/var/lib/postgresql/data"]}, "declared there is nothing of a volume's"),
        ({"volumes": []}, "declared there is nothing of a volume's"),
        ({"volumes": [{"type": "volume", "source": "pg", "target": "/var/lib/postgresql/data"}]}, ""),
        ({"image": "postgres:18"}, "postgres:17 becomes postgres:18, another major version, on the data in the volume"),
        ({"image": "mysql:8"}, "mysql:8 takes the place of postgres:17"),
    ],
)
def test_what_would_lose_its_data_is_named(change, says):
    found = losses(app(db=DB | change), [running()])
    assert (says in found[0]) if says else found == []


def test_a_volume_that_is_declared_anew_is_another_one():
    assert "the volume elsewhere" in losses(app({"pg": {"name": "elsewhere"}}, db=DB), [running()])[0]
    assert losses(app({"pg": {"external": True}}, db=DB), [running(volume="pg")]) == []


def test_a_service_that_is_dropped_keeps_its_volume_and_loses_nothing():
    assert losses(app(), [running()]) == []


@pytest.mark.parametrize("change", [{"image": "postgres:18"}, {"volumes": ["new:/var/lib/postgresql/data"]}])
def test_a_container_that_was_removed_by_hand_is_remembered(change):
    document = {"services": {"db": DB}, "volumes": {"pg": {}}}
    assert remembered("shop", document, [running()]) == []
    gone = remembered("shop", document, [])
    assert losses(app(db=DB), gone) == []
    assert losses(app(db=DB | change), gone) == losses(app(db=DB | change), [running()]) != []


@pytest.mark.parametrize("document", [None, {}, {"services": None}, {"services": {"db": None}}])
def test_a_damaged_document_remembers_nothing(document):
    assert remembered("shop", document, []) == []


def test_a_renamed_service_must_not_meet_the_old_one_on_the_same_volume():
    old = running("postgres")
    assert rivals(app(db=DB), [old]) == [old]
    assert rivals(app(postgres=DB), [old]) == []
    assert "postgres:17 becomes postgres:18" in losses(app(db=DB | {"image": "postgres:18"}), [old])[0]


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("redis:7-alpine", "redis:8", True),
        ("redis:8.0", "redis:8.2-alpine", False),
        ("redis:latest", "redis:8", False),
        ("redis@sha256:1", "redis:8", False),
        ("localhost:5000/redis:8", "redis:8", False),
        ("postgres:${V}", "postgres:17", False),
        ("timescale/timescaledb:2.1-pg16", "postgres:17", True),
    ],
)
def test_images_are_compared_by_name_and_major_version(old, new, changed):
    assert bool(image_change(old, new)) == changed


CACHE, MAIL = {"image": "redis:8", "volumes": ["rows:/data"]}, {"image": "mail:1", "ports": ["127.0.0.1:1080:1080"]}


@pytest.mark.parametrize(
    ("kept", "today", "names"),
    [
        ({}, {"cache": CACHE}, "cache"),
        ({"cache": CACHE}, {}, "cache"),
        ({"cache": CACHE}, {"mail": MAIL}, "cache mail"),
        ({"redis": CACHE}, {"cache": CACHE}, "redis"),
        ({"redis": CACHE}, {"cache": CACHE | {"volumes": ["more:/data"]}}, "redis cache"),
        ({"redis": CACHE, "mail": MAIL}, {"cache": CACHE, "mail": MAIL}, "redis mail"),
        ({"post": MAIL}, {"mail": MAIL}, "post"),
        ({"post": MAIL | {"ports": ["1080:1080"]}}, {"mail": MAIL}, "post"),
        ({"post": MAIL | {"ports": ["1081:1080"]}}, {"mail": MAIL}, "post mail"),
    ],
)
def test_of_two_on_one_volume_or_port_the_one_that_the_kept_release_needs_runs(kept, today, names):
    assert list(together(app({"rows": {}, "more": {}}), kept, today)) == names.split()


def test_of_what_both_have_todays_definition_counts():
    assert together(app({"rows": {}}), {"cache": CACHE}, {"cache": {"image": "redis:9"}})["cache"]["image"] == "redis:9"
