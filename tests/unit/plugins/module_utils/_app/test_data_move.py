# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.data_move import upgrade_hint, volume_hint


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("postgres:15", "postgres:17", "from 15 to 17: playbooks/upgrade_database.yml"),
        ("postgres:15.6-alpine", "postgres:17.2", "from 15 to 17"),
        ("docker.io/library/postgres:9@sha256:1", "docker.io/library/postgres:17", "from 9 to 17"),
        ("postgres:17", "postgres:15", ""),
        ("postgres:17.1", "postgres:17.2", ""),
        ("postgres:bookworm", "postgres:17", ""),
        ("redis:7", "redis:8", ""),
        ("postgres:15", "timescale/timescaledb:17", ""),
        ("", "postgres:17", ""),
    ],
)
def test_only_what_the_verb_can_do_is_pointed_to(old, new, found):
    said = upgrade_hint(old, new)
    assert found in said
    assert bool(said) == bool(found)


def test_a_volume_to_which_an_upgrade_has_moved_the_data_is_declared_by_one_line():
    line = "app_data_volumes: {postgres: shop_postgres_17}"
    assert line in volume_hint("shop_postgres_17", "shop_postgres", "postgres")
    assert line in volume_hint("shop_postgres_17", "shop_postgres_15", "postgres")
    assert volume_hint("shop_pgdata", "shop_postgres", "postgres") == ""
    assert volume_hint("shop_postgres_17", "", "") == ""
