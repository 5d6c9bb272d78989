# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.status import release_lines, status_lines

TASK = {"id": "0123456789ab", "slot": 1, "node": "m1", "state": "running", "error": ""}
SERVICE = {"name": "shop_web", "replicas": 2, "declared": 2, "running": 1, "problem": "", "tasks": []}
APP = {
    **dict.fromkeys(("nodes", "services", "releases"), ()),
    **dict.fromkeys(("live", "lock", "unfinished")),
    "maintenance": False,
    "closed_for": "",
}
RELEASE = {"id": "tree-1", "state": "live", "live_at": 1_780_000_000, "reason": ""}


def test_an_app_without_a_release():
    assert status_lines(APP) == [
        "Release      none",
        "Maintenance  off",
        "Lock         free",
        "Unfinished   nothing",
        "Kept         ",
    ]
    assert release_lines(APP) == ["none"]


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"live": "tree-1"}, "Release      tree-1"),
        (
            {"nodes": [{"name": "m1", "state": "ready", "availability": "active"}]},
            "Node         m1                       ready",
        ),
        (
            {"nodes": [{"name": "m1", "state": "unknown", "availability": "drain"}]},
            "Node         m1                       down     takes no tasks",
        ),
        ({"maintenance": True, "closed_for": "upgrade"}, "Maintenance  on, for upgrade"),
        ({"services": [SERVICE]}, "Service      shop_web                 1 of 2"),
        ({"services": [{**SERVICE, "declared": 1}]}, "Service      shop_web                 1 of 2 (declared 1)"),
        ({"services": [{**SERVICE, "replicas": None}]}, "Service      shop_web                 1, one on each node"),
        ({"services": [{**SERVICE, "problem": "twice"}]}, "Service      shop_web                 1 of 2, twice"),
        ({"services": [{**SERVICE, "tasks": [TASK]}]}, "             shop_web.1               running  m1"),
        (
            {"services": [{**SERVICE, "tasks": [{**TASK, "slot": 0, "state": "failed", "error": "exit 3"}]}]},
            "             shop_web.0123456789ab    failed   m1 exit 3",
        ),
        ({"lock": {"owner": "ann@laptop", "purpose": "deploy", "held": True}}, "Lock         ann@laptop, deploy"),
        ({"lock": {"owner": "ann", "purpose": "deploy", "held": False}}, "Lock         ann, deploy, expired"),
        (
            {"certificates": {"shop": {"names": ["a.org"], "end": 1_780_000_000, "is_placeholder": False}}},
            "Certificate  shop                     until 2026-05-28, for a.org",
        ),
        (
            {"certificates": {"shop": {"names": ["a.org"], "end": 1_780_000_000, "is_placeholder": True}}},
            "Certificate  shop                     a placeholder, for a.org",
        ),
        ({"unfinished": {"release": "tree-2", "kind": "deploy"}}, "Unfinished   tree-2"),
        (
            {"releases": [RELEASE, {**RELEASE, "id": "b", "state": "bad"}, {**RELEASE, "id": "c", "state": "good"}]},
            "Kept         tree-1, c",
        ),
    ],
)
def test_each_part_has_its_line(changes, line):
    assert line in status_lines({**APP, **changes})


def test_a_release_says_since_when_or_why_not():
    bad = {"id": "tree-2", "state": "bad", "live_at": None, "reason": "shop_web: its health check fails"}
    assert release_lines({**APP, "releases": [RELEASE, bad]}) == [
        "tree-1                               live  2026-05-28 20:26:40 UTC",
        "tree-2                               bad   shop_web: its health check fails",
    ]
