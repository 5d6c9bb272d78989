# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.pages_host import pages_host

GIVEN = {"app": "shop", "runner": "compose", "port": 8080, "mail_port": 8025, "sources": ["203.0.113.7"]}


def test_files_are_given_only_when_nothing_is_wrong():
    assert len(pages_host(GIVEN)["problems"]) == 1
    assert pages_host(GIVEN)["files"] == []
    found = pages_host({**GIVEN, "password": "a password that is long"})
    assert found["problems"] == []
    assert found["files"]
    assert found["secrets"]
