from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import (
    App,
    build_env_files,
    build_problems,
    environment_of,
    fingerprint,
    missing_variables,
    places_of,
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


def test_an_environment_holds_what_its_document_refers_to_and_no_more():
    assert environment_of(APP, APP.services, {"RELEASE": "r"}) == {"RELEASE": "r", "TOKEN": "t"}
    assert environment_of(APP, APP.data_services, {}) == {"DB": "d"}


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
    assert fingerprint(app) != fingerprint(with_api())


@pytest.mark.parametrize("file", ["/etc/environment", "../.env", "apps/../../x"])
def test_variables_of_a_build_stay_inside_the_source(file):
    (problem,) = build_problems(with_api(build_env={"file": file, "values": {}}), {})
    assert f"{file} is not" in problem


def test_variables_of_a_build_need_a_file_and_values():
    assert build_problems(with_api(build_env={"file": "x"}), {}) == [
        "app_compose_services.api.build_env needs file and values."
    ]


def test_a_variable_is_found_where_it_is_used():
    services = {"web": {"environment": {"A": "${T:?must be set}"}, "command": ["x", "$T"]}}
    app = App("shop", Path("/opt/shop"), services)
    assert missing_variables(app, {}) == ["T"], "`:?` asks for it"
    assert places_of("T", app) == ["app_compose_services.web.environment.A", "app_compose_services.web.command"]


@pytest.mark.parametrize(
    ("declared", "real"),
    [
        (None, "shop_files"),
        ({"name": "everybodys"}, "everybodys"),
        ({"external": True}, "files"),
        ({"external": True, "name": "theirs"}, "theirs"),
    ],
)
def test_a_volume_is_called_as_compose_calls_it(declared, real):
    assert replace(APP, volumes={"files": declared}).volume_name("files") == real
