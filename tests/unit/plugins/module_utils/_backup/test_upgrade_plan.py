# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.app import App
from ansible_collections.izzzi.infra.plugins.module_utils._backup import upgrade_plan
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.containers import Container

PLACE = "/var/lib/postgresql/data"
FACTS = {"version": 15, "place": PLACE, "bytes": 9, "tablespaces": []}


def declared(image: str = "postgres:17", volume=None, place: str = PLACE) -> App:
    service = {"image": image, "volumes": [f"pg:{place}", "/etc/x:/etc/x"]}
    return App("shop", Path("/"), {}, {"db": service}, {"pg": volume})


def running(volume: str = "shop_pg", place: str = PLACE) -> Container:
    return Container("1", "shop-db-1", "sha256:1", volumes={place: volume, "/other": "shop_other"})


def test_a_newer_version_goes_into_a_volume_with_its_name():
    move = upgrade_plan.plan(declared(), "db", running(), FACTS)
    assert (move.version_before, move.version, move.bytes, move.is_due) == (15, 17, 9, True)
    assert (move.volume_before, move.volume, move.names) == ("shop_pg", "shop_pg_17", {"pg": "shop_pg_17"})
    assert move.shown()["due"] is True


def test_a_new_volume_that_is_declared_already_is_taken_as_it_is_called():
    move = upgrade_plan.plan(declared(volume={"name": "mine"}), "db", running(), FACTS)
    assert (move.volume, move.names) == ("mine", {})


def test_the_second_upgrade_leaves_the_volume_of_the_first():
    app = declared("postgres:18", {"name": "shop_pg_17"}, "/var/lib/postgresql")
    move = upgrade_plan.plan(app, "db", running("shop_pg_17"), {**FACTS, "version": 17})
    assert (move.volume_before, move.volume, move.names) == ("shop_pg_17", "shop_pg_18", {"pg": "shop_pg_18"})


def test_where_it_runs_already_nothing_moves_and_a_volume_that_nobody_declares_is_named():
    now = {**FACTS, "version": 17}
    move = upgrade_plan.plan(declared(), "db", running(), now)
    assert (move.is_due, move.names) == (False, {})
    move = upgrade_plan.plan(declared(), "db", running("shop_pg_17"), now)
    assert (move.is_due, move.volume, move.names) == (False, "shop_pg_17", {"pg": "shop_pg_17"})


def test_the_volume_is_found_below_which_the_data_is_also_as_18_has_it():
    facts = {**FACTS, "version": 18, "place": "/var/lib/postgresql/18/docker"}
    move = upgrade_plan.plan(declared("postgres:18"), "db", running(place="/var/lib/postgresql"), facts)
    assert move.volume_before == "shop_pg"


@pytest.mark.parametrize(
    ("app", "container", "told"),
    [
        (declared("postgres:14"), running(), "declares PostgreSQL 14, and 15 runs. It has no way down"),
        (declared("postgres:bookworm"), running(), "does not begin with a version"),
        (declared(volume={"external": True}), running(), "app_volumes.pg is external"),
        (declared(place="/data"), running(), "no named volume is mounted below"),
        (declared(), running("a" * 64), "in a volume without a name"),
        (declared(), running(place="/var/lib/postgresql/database"), "in no volume"),
        (App("shop", Path("/"), {}), running(), "app_data_services.db is not declared"),
    ],
)
def test_what_cannot_be_done_is_refused(app, container, told):
    with pytest.raises(BackupError, match=told):
        upgrade_plan.plan(app, "db", container, FACTS)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("postgres:17", 17),
        ("r:5000/postgres:17.2-alpine", 17),
        ("r:5000/postgres", 0),
        ("postgres:v9@sha256:1", 9),
        ("postgres", 0),
    ],
)
def test_the_major_version_is_what_a_tag_begins_with(image, version):
    assert upgrade_plan.major(image) == version


def test_whatever_no_backup_has_is_named():
    there = ["shop", "shop_before_20260101t000000", "postgres", "wiki"]
    facts = {**FACTS, "tablespaces": ["fast"]}
    assert upgrade_plan.left_behind(FACTS, there[:3], ["shop"], 0) == []
    assert upgrade_plan.left_behind(facts, there, ["shop"], 0) == ["the database wiki", "the tablespace fast"]
    assert upgrade_plan.left_behind(FACTS, ["shop", "postgres"], ["shop"], 2) == ["the database postgres"]
    assert upgrade_plan.left_behind(FACTS, ["postgres"], ["postgres"], 2) == []


DUMPED = """CREATE ROLE shop;
ALTER ROLE shop WITH SUPERUSER LOGIN PASSWORD 'SCRAM';
CREATE ROLE "an ""odd"" one";
ALTER ROLE "an ""odd"" one" SET work_mem TO '8MB';
CREATE ROLE izzzi_backup;
ALTER ROLE izzzi_backup WITH REPLICATION PASSWORD 'SCRAM';
CREATE TABLESPACE fast OWNER shop LOCATION '/fast';
GRANT shop TO "an ""odd"" one" GRANTED BY shop;
"""


def test_roles_come_along_with_passwords_settings_and_memberships_but_for_the_one_that_reads_wal():
    lines = upgrade_plan.roles(DUMPED, ["shop"]).splitlines()
    assert lines == [
        "ALTER ROLE shop WITH SUPERUSER LOGIN PASSWORD 'SCRAM';",
        'CREATE ROLE "an ""odd"" one";',
        'ALTER ROLE "an ""odd"" one" SET work_mem TO \'8MB\';',
        'GRANT shop TO "an ""odd"" one" GRANTED BY shop;',
    ]
    assert 'CREATE ROLE "an ""odd"" one";' not in upgrade_plan.roles(DUMPED, ["shop", 'an "odd" one'])


def test_settings_of_the_server_come_along_but_for_libraries():
    assert upgrade_plan.setting("work_mem", "it's") == "ALTER SYSTEM SET \"work_mem\" TO 'it''s';"
    with pytest.raises(BackupError):
        upgrade_plan.setting("shared_preload_libraries", "timescaledb")


def test_who_still_writes_is_named_once():
    assert upgrade_plan.who('"shop psql on the host"\n"shop psql on the host"\n') == "shop psql on the host"
    assert upgrade_plan.who("") == "somebody who has gone"
