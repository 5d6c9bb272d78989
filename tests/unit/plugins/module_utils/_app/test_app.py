# SPDX-License-Identifier: GPL-3.0-or-later
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
    variable_problems,
)

from tests.unit.shop import declared

APP = declared(App)


def test_an_environment_holds_what_its_document_refers_to_and_no_more():
    assert environment_of(APP, APP.services, {"RELEASE": "r"}) == {"RELEASE": "r", "TOKEN": "t"}
    assert environment_of(APP, APP.data_services, {}) == {"DB": "d"}


@pytest.mark.parametrize(
    ("service", "says"),
    [
        ({"image": "x:${V:-1}", "environment": {"A": "${A:-a}", "B": "$$B"}}, ""),
        ({"image": "x:1", "environment": {"A": "${A}"}}, "shop_services.api.environment.A needs ${A}, and nothing"),
        ({"image": "x:1", "command": ["a", "${A:?say it}"]}, "shop_services.api.command[1] needs ${A} (say it), and"),
        ({"image": "x:1", "environment": ["A=${A:-a}", "B=${A}"]}, "shop_services.api.environment[1] needs ${A}, and"),
        ({"image": "x:1", "command": "a ${5}"}, "shop_services.api.command: 'a ${5}' has a ${ without a name."),
        ({"image": "x:${V}"}, "shop_services.api.image needs ${V}, and nothing defines it: shop_env."),
        ({"image": "x:${TOKEN}"}, "shop_services.api.image uses TOKEN: the name of an image is public. Use shop_env."),
        ({"image": "x:$RELEASE", "environment": {"A": "${TOKEN} ${RELEASE}"}}, ""),
    ],
)
def test_variables_that_nothing_defines_are_told_with_their_place(service, says):
    found = variable_problems(replace(APP, services={"api": service}), {}, "shop_")
    assert (says in found[0]) if says else found == []


def test_an_image_is_named_with_the_apps_own_variables():
    app = replace(APP, env={"V": 7})
    assert app.declared_image({"image": "x:${V}-${RELEASE}"}, "r1") == "x:7-r1"
    assert app.declared_image({"build": {}}) == ""


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
    (problem,) = build_problems(with_api(build=arguments), {"RELEASE": "r", "DATABASE_PASSWORD": "p"}, "shop_")
    assert "shop_services.api.build uses DATABASE_PASSWORD, TOKEN:" in problem


def test_variables_of_a_build_are_written_beside_its_source():
    app = with_api(build_env={"file": "apps/web/.env.production", "values": {"NEXT_PUBLIC_API": "https://a/api"}})
    assert build_problems(app, {}, "shop_") == []
    path = Path("/opt/shop/releases/r1/source/apps/web/.env.production")
    assert build_env_files(app, "r1") == {path: "NEXT_PUBLIC_API=https://a/api\n"}
    assert fingerprint(app) != fingerprint(with_api())


@pytest.mark.parametrize("file", ["/etc/environment", "../.env", "apps/../../x"])
def test_variables_of_a_build_stay_inside_the_source(file):
    (problem,) = build_problems(with_api(build_env={"file": file, "values": {}}), {}, "shop_")
    assert f"{file} is not" in problem


def test_variables_of_a_build_need_a_file_and_values():
    assert build_problems(with_api(build_env={"file": "x"}), {}, "shop_") == [
        "shop_services.api.build_env needs file and values."
    ]


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
