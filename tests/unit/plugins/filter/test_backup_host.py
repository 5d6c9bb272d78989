# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.backup_host import backup_host


def test_files_are_given_only_when_nothing_is_wrong():
    assert set(backup_host({"app": "shop"})) == {"problems"}
    given = {"app": "shop", "repository": "/mnt/disk", "password": "a password that is long", "keep": {"daily": 1}}
    found = backup_host({**given, "redis": "redis"})
    assert found["problems"] == []
    assert "/usr/local/lib/izzzi/infra/_backup/main.py" in [file["path"] for file in found["files"]]
