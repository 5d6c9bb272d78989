# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import scratch
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import Config


@pytest.mark.parametrize(
    ("live", "kept"),
    [
        (["postgres"], ["postgres"]),
        (["postgres", "-c", "shared_preload_libraries=x"], ["postgres", "-c", "shared_preload_libraries=x"]),
        (["postgres", "-c", "config_file=/etc/pg.conf", "-c", "a=b"], ["postgres", "-c", "a=b"]),
        (["postgres", "--archive_command=cp"], ["postgres"]),
        (["sh", "-c", "exec postgres"], ["postgres"]),
        ([], ["postgres"]),
    ],
)
def test_it_runs_what_the_live_one_runs_without_its_files(live, kept):
    assert scratch.command(live, ["fsync=off"]) == [*kept, "-c", "fsync=off"]


def test_it_has_limits_and_no_network_and_shows_no_password():
    config = Config("shop", "/r", cpus=0.5, memory=300, directory=Path("/x"))
    words = scratch.docker_run("shop-scratch-1", config, "sha256:1", "shop", ["postgres"])
    assert {"--network=none", "--cpus=0.5", "--memory=300m", "--env=POSTGRES_PASSWORD"} <= set(words)
    assert words[-2:] == ["sha256:1", "postgres"]
