from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.colours import (
    App,
    build_env_files,
    build_problems,
    colour_document,
    colour_volumes,
    data_document,
    environment_of,
    fingerprint,
    missing_variables,
    other,
    places_of,
    shape_problems,
    variables_of,
)

APP = App(
    project="shop",
    directory=Path("/opt/shop"),
    services={
        "api": {"build": {"dockerfile": "Dockerfile"}, "port": 4000, "replicas": 2, "volumes": ["uploads:/data"]},
        "web": {"image": "web:1", "port": 3000, "environment": {"TOKEN": "${TOKEN}", "RELEASE": "$RELEASE"}},
        "worker": {"image": "web:1", "command": ["echo", "$$HOME"]},
    },
    data_services={"postgres": {"image": "postgres:17", "volumes": ["postgres:/var"], "environment": {"P": "${DB}"}}},
    volumes={"postgres": None, "uploads": None},
    secrets={"TOKEN": "t", "DB": "d", "UNUSED": "u"},
)


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
    assert colour_volumes(APP) == ["shop_uploads"]


def test_an_environment_holds_what_its_document_refers_to_and_no_more():
    assert environment_of(APP, colour_document(APP, "r", "blue"), {"RELEASE": "r"}) == {"RELEASE": "r", "TOKEN": "t"}
    assert environment_of(APP, data_document(APP), {}) == {"DB": "d"}


def test_variables_are_found_and_escaped_dollars_are_none():
    assert variables_of({"a": "$A ${B} ${C:-x} $$D"}) == {"A", "B", "C"}


def test_missing_variables_are_named_unless_they_have_a_default():
    app = replace(APP, services={"api": {"image": "x:1", "environment": {"A": "${A}", "B": "${B:-b}"}}})
    assert missing_variables(app, {}) == ["A"]


def test_the_fingerprint_follows_what_containers_see():
    same = fingerprint(APP)
    assert fingerprint(replace(APP, secrets={**APP.secrets, "TOKEN": "new"})) != same
    assert fingerprint(replace(APP, secrets={**APP.secrets, "UNUSED": "new"})) == same
    assert fingerprint(replace(APP, data_services={})) == same
    assert "t" * 2 not in same


def with_api(**more) -> App:
    return replace(APP, services={"api": {"build": {}, **more}})


def test_a_secret_never_becomes_a_build_argument():
    arguments = {"args": {"A": "${TOKEN}", "B": "${DATABASE_PASSWORD}", "C": "${RELEASE} ${PUBLIC}"}}
    (problem,) = build_problems(with_api(build=arguments), {"RELEASE": "r", "DATABASE_PASSWORD": "p"})
    assert "app_compose_services.api.build uses DATABASE_PASSWORD, TOKEN:" in problem


def test_variables_of_a_build_are_written_beside_its_source():
    app = with_api(build_env={"file": "apps/web/.env.production", "values": {"NEXT_PUBLIC_API": "https://a/api"}})
    assert build_problems(app, {}) == []
    path = Path("/opt/shop/releases/r1/source/apps/web/.env.production")
    assert build_env_files(app, "r1") == {path: "NEXT_PUBLIC_API=https://a/api\n"}
    assert "build_env" not in colour_document(app, "r1", "blue")["services"]["api"]
    assert fingerprint(app) != fingerprint(with_api())


@pytest.mark.parametrize("file", ["/etc/environment", "../.env", "apps/../../x"])
def test_variables_of_a_build_stay_inside_the_source(file):
    (problem,) = build_problems(with_api(build_env={"file": file, "values": {}}), {})
    assert f"{file} is not" in problem


def test_variables_of_a_build_need_a_file_and_values():
    assert build_problems(with_api(build_env={"file": "x"}), {}) == [
        "app_compose_services.api.build_env needs file and values."
    ]


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
    assert shape_problems(App("shop", Path("/opt/shop"), {"web": service})) == [says]


def test_a_colour_has_a_hundred_ports():
    crowd = {name: {"image": "x:1", "port": 80, "replicas": 60} for name in ("a", "b")}
    assert "120 replicas with a port in all" in shape_problems(App("shop", Path("/opt/shop"), crowd))[0]
    assert (
        shape_problems(App("shop", Path("/opt/shop"), {"a": crowd["a"], "b": {"image": "x:1", "replicas": "60"}})) == []
    )


def test_a_variable_is_found_where_it_is_used():
    services = {"web": {"environment": {"A": "${T:?must be set}"}, "command": ["x", "$T"]}}
    app = App("shop", Path("/opt/shop"), services)
    assert missing_variables(app, {}) == ["T"], "`:?` asks for it"
    assert places_of("T", app) == ["app_compose_services.web.environment.A", "app_compose_services.web.command"]
