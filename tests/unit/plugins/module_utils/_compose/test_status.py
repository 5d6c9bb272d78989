# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.status import live_lines, release_lines, status_lines

RELEASE = {"id": "r1", "state": "live", "live_at": 1_780_000_000.0, "reason": ""}
CONTAINER = {"part": "blue", "service": "api", "status": "running", "health": "healthy", "restarts": 0}
APP: dict[str, Any] = {
    "live": "r1",
    "colour": "blue",
    "releases": [RELEASE, {**RELEASE, "id": "r0", "state": "good"}, {**RELEASE, "id": "r2", "state": "bad"}],
    "containers": [CONTAINER],
    "stopped": None,
    "lock": None,
    "unfinished": None,
    "maintenance": False,
    "closed_for": "",
    "backups": [1, 2],
    "free_mib": 7,
}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "Release      r1 (blue)"),
        ({"live": None, "colour": None}, "Release      none"),
        ({}, "blue         api          running    healthy"),
        (
            {"containers": [{**CONTAINER, "restarts": 2}]},
            "blue         api          running    healthy, restarted 2 times",
        ),
        ({}, "Maintenance  off"),
        ({"maintenance": True}, "Maintenance  on"),
        ({"maintenance": True, "closed_for": "restore"}, "Maintenance  on, for restore"),
        ({}, "Lock         free"),
        ({"lock": {"owner": "ann", "purpose": "deploy", "held": False}}, "Lock         ann, deploy, expired"),
        ({"unfinished": {"release": "r2", "step": "build"}}, "Unfinished   r2 at build"),
        ({}, "Kept         r1, r0"),
        ({}, "Dumps        2"),
        (
            {"stopped": {"at": 1_780_000_000.0, "by": "ann"}},
            "Stopped      2026-05-28 20:26:40 UTC by ann; start.yml or `izzzi start` brings it back",
        ),
    ],
)
def test_each_part_has_its_line(changes, line):
    assert line in status_lines({**APP, **changes})


def test_what_a_rollback_would_take_is_not_what_runs():
    other = {**CONTAINER, "part": "green", "status": "exited"}
    app = {**APP, "containers": [CONTAINER, other, {**other, "status": "running"}, {**other, "part": "data"}]}
    assert [line.split()[0] for line in live_lines(app)] == ["blue", "green", "data"]


def test_releases_are_listed():
    assert release_lines({"releases": []}) == ["none"]
    assert release_lines(APP)[0].startswith("r1 ")
