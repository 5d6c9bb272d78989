# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.containers import Container, filters, parse, the_only


def inspected(**more) -> str:
    config = {"Labels": {}, "Image": "postgres:17", "Cmd": ["postgres"], **more}
    mounts = [{"Type": "volume", "Name": "v", "Destination": "/data"}, {"Type": "bind", "Destination": "/x"}]
    return json.dumps([{"Id": "1", "Name": "/pg", "Image": "sha256:1", "Config": config, "Mounts": mounts}])


def test_a_container_is_read():
    assert parse(inspected()) == [Container("1", "pg", "sha256:1", "postgres:17", ("postgres",), {"/data": "v"})]


def test_a_one_off_container_is_no_data_service():
    assert parse(inspected(Labels={"com.docker.compose.oneoff": "True"})) == []


@pytest.mark.parametrize(("names", "told"), [([], "No container"), (["a", "b"], "a, b")])
def test_none_and_two_are_refused(names, told):
    with pytest.raises(BackupError, match=told):
        the_only([Container(name, name, "") for name in names], "shop", "postgres")


def test_both_runners_are_looked_for():
    compose, swarm = filters("shop", "postgres")
    assert "--filter=label=com.docker.compose.service=postgres" in compose
    assert swarm == ["--filter=label=com.docker.swarm.service.name=shop_postgres"]
