# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.presets import expand_presets


def test_an_app_says_what_it_needs_in_three_words():
    found = expand_presets({"postgres": {"version": 17}, "redis": None, "mail": {}}, "my-shop")
    assert {name: service["image"] for name, service in found["data_services"].items()} == {
        "postgres": "postgres:17",
        "redis": "redis:8",
        "mail": "maildev/maildev:2.2.1",
    }
    assert found["database"] == {"service": "postgres", "name": "my_shop", "user": "my_shop"}
    assert found["redis"] == {"service": "redis"}
    assert found["volumes"] == {"postgres": {}, "redis": {}}
    assert [*found["secrets"]] == ["vault_app_postgres_password", "vault_app_redis_password"]
    assert found["data_services"]["mail"]["ports"] == ["127.0.0.1:1080:1080"]
    assert found["mail"] == {"service": "mail", "port": 1080, "page_port": 1080}


@pytest.mark.parametrize(
    ("version", "place"), [(16, "postgres:/var/lib/postgresql/data"), ("18.1", "postgres:/var/lib/postgresql")]
)
def test_the_image_says_where_its_data_is(version, place):
    found = expand_presets({"postgres": {"version": version}}, "shop")
    assert found["data_services"]["postgres"]["volumes"] == [place]


def test_every_field_can_be_overridden():
    given = {
        "mem_limit": "1g",
        "environment": {"POSTGRES_INITDB_ARGS": "-k"},
        "volumes": ["pg:/x"],
        "database": "a",
        "user": "b",
    }
    postgres = expand_presets({"postgres": given}, "shop")["data_services"]["postgres"]
    assert postgres["mem_limit"] == "1g"
    assert postgres["volumes"] == ["pg:/x"]
    assert postgres["environment"] == {
        "POSTGRES_DB": "a",
        "POSTGRES_USER": "b",
        "POSTGRES_PASSWORD": "${DATABASE_OWNER_PASSWORD}",
        "POSTGRES_INITDB_ARGS": "-k",
    }
    assert not {"database", "user", "version"} & set(postgres)


def test_a_preset_may_have_another_name_and_own_definitions_stay():
    own = {"image": "mysql:8", "volumes": ["mysql:/var/lib/mysql"]}
    found = expand_presets({"db": {"preset": "postgres"}, "mysql": own, "redis": {"image": "valkey:8"}}, "shop")
    assert found["database"]["service"] == "db"
    assert found["data_services"]["db"]["volumes"] == ["db:/var/lib/postgresql/data"]
    assert found["data_services"]["mysql"] == own
    assert found["data_services"]["redis"] == {"image": "valkey:8"}
    assert found["redis"] == {}


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"db": {"preset": "oracle"}}, "app_data_services.db.preset: 'oracle' is not one of postgres, redis, mail."),
        ({"postgres": {"version": "latest"}}, "app_data_services.postgres.version: 'latest' is not a version"),
        ({"postgres": {"user": "A b"}}, "app_data_services.postgres.user: 'A b' is not a name"),
        (
            {"postgres": {}, "two": {"preset": "postgres"}},
            "app_data_services.two: a second postgres needs a definition",
        ),
    ],
)
def test_what_a_preset_does_not_know_is_told(declared, says):
    with pytest.raises(ValueError, match="app_data_services") as told:
        expand_presets(declared, "shop")
    assert says in str(told.value)


def test_what_is_no_dictionary_is_left_to_others():
    assert expand_presets({"postgres": "x"}, "shop")["data_services"] == {"postgres": "x"}
