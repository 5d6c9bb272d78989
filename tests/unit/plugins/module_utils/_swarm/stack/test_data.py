# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.data import irreversible


def data(image="postgres:17", volume="shop_pg", place="/data", part="data") -> dict:
    mounts = [{"Type": "volume", "Source": volume, "Target": place}] if volume else []
    return {
        "Labels": {"izzzi.part": part, "izzzi.image": image},
        "TaskTemplate": {"ContainerSpec": {"Mounts": mounts}},
    }


VERSION = "would run version 18 of postgres on the data of version 17 (volume shop_pg)"


@pytest.mark.parametrize(
    ("desired", "current", "found"),
    [
        ({"db": data()}, {"db": data()}, ""),
        ({"db": data("postgres:17.2")}, {"db": data("postgres:17.1-alpine")}, ""),
        ({"db": data("postgres:18")}, {"db": data()}, f"db {VERSION}"),
        ({"database": data("postgres:18")}, {"db": data()}, f"database {VERSION}"),
        ({"db": data("r:5000/postgres:v18@sha256:1")}, {"db": data("r:5000/postgres:v17@sha256:2")}, "r:5000/postgres"),
        ({"db": data("timescale/timescaledb:2")}, {"db": data("postgres:17")}, ""),
        ({"db": data("postgres:bookworm")}, {"db": data("postgres:17")}, ""),
        (
            {"db": data(volume="shop_new")},
            {"db": data()},
            "in the volume shop_pg at /data, where the volume shop_new is",
        ),
        ({"db": data(volume="")}, {"db": data()}, "in the volume shop_pg at /data, where no volume is now"),
        ({"db": data(place="/other")}, {"db": data()}, "at /data, where no volume is now"),
        ({"db": data()}, {"db": data(volume="")}, ""),
        ({"api": data("api:2", "", part="app")}, {"api": data("api:1", "", part="app")}, ""),
        ({}, {"db": data()}, ""),
    ],
)
def test_what_no_undo_takes_back_is_named(desired, current, found):
    said = list(irreversible(desired, current))
    assert found in "".join(said)
    assert len(said) == bool(found)
