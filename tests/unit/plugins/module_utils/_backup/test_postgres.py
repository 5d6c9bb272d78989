# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import postgres

GLOBALS = """--
SET client_encoding = 'UTF8';
CREATE ROLE shop;
ALTER ROLE shop WITH SUPERUSER INHERIT LOGIN PASSWORD 'SCRAM-SHA-256$1';
CREATE ROLE "shop-app";
ALTER ROLE "shop-app" WITH LOGIN PASSWORD 'SCRAM-SHA-256$2';
ALTER ROLE "shop-app" SET role TO 'shop';
CREATE TABLESPACE fast LOCATION '/fast';
GRANT shop TO "shop-app" WITH INHERIT TRUE GRANTED BY shop;
"""
PROPERTIES = {
    "owner": "shop",
    "encoding": "UTF8",
    "datcollate": "C.UTF-8",
    "datctype": "C.UTF-8",
    "datlocprovider": "c",
    "datconnlimit": -1,
    "datacl": None,
    "settings": [],
}


def test_only_roles_that_are_missing_are_made():
    made = postgres.missing_roles(GLOBALS, ["shop"])
    assert made.splitlines() == [line for line in GLOBALS.splitlines() if '"shop-app"' in line]
    assert postgres.missing_roles(GLOBALS, ["shop", "shop-app"]) == ""


def test_a_database_is_made_like_the_one_that_was():
    made = postgres.create_database('a"b', PROPERTIES)
    assert made.startswith('CREATE DATABASE "a""b" OWNER "shop" TEMPLATE template0 ENCODING')
    assert "PROVIDER" not in made


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"datlocprovider": "i", "daticulocale": "de"}, "LOCALE_PROVIDER icu ICU_LOCALE 'de'"),
        ({"datlocprovider": "b", "datlocale": "C.UTF-8"}, "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"),
    ],
)
def test_a_locale_that_is_not_libcs_is_kept(given, told):
    assert told in postgres.create_database("shop", {**PROPERTIES, **given})


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        (["", ["work_mem=5MB"]], """ALTER DATABASE "new" SET "work_mem" TO '5MB';"""),
        (["", ['search_path="$user", public']], """ALTER DATABASE "new" SET "search_path" TO "$user", public;"""),
        (["app", ["a.b=it's"]], """ALTER ROLE "app" IN DATABASE "new" SET "a.b" TO 'it''s';"""),
    ],
)
def test_settings_of_a_database_come_back(settings, line):
    assert postgres.settings("new", {**PROPERTIES, "settings": [settings]}).splitlines()[0] == line


def test_privileges_come_back_where_they_are_not_the_usual_ones():
    assert "GRANT" not in postgres.settings("new", PROPERTIES)
    made = postgres.settings("new", {**PROPERTIES, "datacl": ["shop=CTc/shop"]})
    assert 'REVOKE ALL ON DATABASE "new" FROM PUBLIC' in made
    assert "ARRAY['shop=CTc/shop']::aclitem[]" in made


def test_counts_are_read_by_table():
    lines = '{"table": "public.a|b", "rows": 2, "sum": "-7"}\n{"table": "public.c", "rows": 0, "sum": "0"}\n'
    assert postgres.read_counts(lines) == {"public.a|b": {"rows": 2, "sum": "-7"}, "public.c": {"rows": 0, "sum": "0"}}


def test_a_restore_fails_with_its_first_error():
    assert "--exit-on-error" in postgres.pg_restore("c", "shop", "new")
    assert "--set=ON_ERROR_STOP=1" in postgres.psql("c", "shop", "new")
