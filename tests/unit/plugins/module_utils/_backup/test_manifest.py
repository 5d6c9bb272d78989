# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import manifest
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError

A = {"rows": 2, "sum": "7"}


@pytest.mark.parametrize(
    ("recorded", "found", "told"),
    [
        ({"a": A}, {"a": A}, []),
        ({"a": A}, {}, ["a is missing"]),
        ({}, {"a": A}, ["a was not in the backup"]),
        ({"a": A}, {"a": {"rows": 1, "sum": "7"}}, ["a has 1 rows in place of 2"]),
        ({"a": A}, {"a": {"rows": 2, "sum": "8"}}, ["a has its 2 rows, but not with the same values"]),
    ],
)
def test_each_difference_is_told(recorded, found, told):
    assert list(manifest.differences(recorded, found)) == told


def test_what_is_equal_is_counted_and_what_differs_is_an_error():
    assert manifest.require_equal({"a": A, "b": A}, {"a": A, "b": A}, "shop") == 4
    with pytest.raises(BackupError, match=r"and 2 more tables"):
        manifest.require_equal({str(number): A for number in range(12)}, {}, "shop")


def test_what_a_restore_would_change_is_told():
    told = manifest.loss({"a": A, "b": A}, {"a": {"rows": 5}, "c": {"rows": 1}})
    assert told[0] == "a: 5 rows now, 2 in the backup"
    assert told[1].startswith("b would come back")
    assert told[2].startswith("c would go")


@pytest.mark.parametrize(("text", "told"), [("{", "cannot be read"), ('{"version": 9}', "version 9")])
def test_a_manifest_that_is_not_ours_is_refused(text, told):
    with pytest.raises(BackupError, match=told):
        manifest.read(text)
