# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import (
    ColouredApp,
    colour_document,
    colour_volumes,
    data_document,
    other,
    shape_problems,
    volume_command,
)

from tests.unit.shop import declared

APP = declared(ColouredApp)


def test_colours_never_share_a_port():
    assert APP.ports("blue") == {"api": [20000, 20001], "web": [20002]}
    assert APP.ports("green") == {"api": [20100, 20101], "web": [20102]}


@pytest.mark.parametrize(("live", "new"), [(None, "blue"), ("blue", "green"), ("green", "blue")])
def test_a_release_takes_the_colour_that_is_not_live(live, new):
    assert other(live) == new


def test_a_colour_has_its_own_network_image_and_loopback_ports():
    document = colour_document(APP, "r1", "green")
    api = document["services"]["api"]
    assert api["image"] == "shop/api:r1"
    assert api["build"]["context"] == "/opt/shop/releases/r1/source"
    assert api["ports"] == ["127.0.0.1:20100-20101:4000"]
    assert (api["scale"], api["restart"]) == (2, "unless-stopped")
    assert "port" not in api
    assert "ports" not in document["services"]["worker"]
    assert document["networks"] == {"default": {"name": "shop-green", "external": True}}
    assert document["volumes"] == {"uploads": {"name": "shop_uploads", "external": True}}


def test_images_are_run_under_the_releases_name_too():
    assert colour_document(APP, "r1", "blue")["services"]["web"]["image"] == "shop/web:r1"


def test_data_services_join_both_colours_and_keep_their_volumes():
    document = data_document(APP)
    assert list(document["services"]["postgres"]["networks"]) == ["default", "blue", "green"]
    assert document["networks"]["blue"] == {"name": "shop-blue", "external": True}
    assert document["volumes"] == {"postgres": {}}
    assert colour_volumes(APP) == {"shop_uploads": {}}


@pytest.mark.parametrize(
    ("service", "says"),
    [
        (None, "app_compose_services.web must be a dictionary as in a compose file; it is None."),
        ({"replicas": "two"}, "app_compose_services.web.replicas must be a whole number from 1 to 100; it is 'two'."),
        ({"replicas": 0}, "app_compose_services.web.replicas must be a whole number from 1 to 100; it is 0."),
        (
            {"port": "3000:3000"},
            "app_compose_services.web.port must be a whole number from 1 to 65535; it is '3000:3000'.",
        ),
        ({"build": "."}, "app_compose_services.web.build must be a dictionary; it is '.'."),
        ({"checks": {"path": "/"}}, "app_compose_services.web.checks must be a list; it is {'path': '/'}."),
        ({"volumes": "a:/a"}, "app_compose_services.web.volumes must be a list; it is 'a:/a'."),
    ],
)
def test_what_has_another_form_is_told_and_breaks_nothing_later(service, says):
    assert shape_problems(ColouredApp("shop", Path("/opt/shop"), {"web": service})) == [says]


def test_a_colour_has_a_hundred_ports():
    crowd = {name: {"image": "x:1", "port": 80, "replicas": 60} for name in ("a", "b")}
    assert "120 replicas with a port in all" in shape_problems(ColouredApp("shop", Path("/opt/shop"), crowd))[0]
    assert (
        shape_problems(
            ColouredApp("shop", Path("/opt/shop"), {"a": crowd["a"], "b": {"image": "x:1", "replicas": "60"}})
        )
        == []
    )


@pytest.mark.parametrize(
    ("declared", "name", "flags"),
    [
        ({}, "shop_uploads", ""),
        ({"name": "shared"}, "shared", ""),
        ({"driver": "local", "driver_opts": {"type": "nfs"}}, "shop_uploads", "--driver local --opt type=nfs "),
    ],
)
def test_volumes_of_stateless_services_are_made_as_declared(declared, name, flags):
    app = replace(APP, volumes={**APP.volumes, "uploads": declared})
    ((real, options),) = colour_volumes(app).items()
    label = "--label com.docker.compose.project=shop"
    assert " ".join(volume_command(app, real, options)) == f"docker volume create {flags}{label} {name}"
    assert colour_document(app, "r1", "blue")["volumes"]["uploads"] == {"name": name, "external": True}


def test_an_external_volume_is_made_by_somebody_else():
    app = replace(APP, volumes={**APP.volumes, "uploads": {"external": True}})
    assert colour_volumes(app) == {}
    assert colour_document(app, "r1", "blue")["volumes"]["uploads"] == {"name": "uploads", "external": True}
