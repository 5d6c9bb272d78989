# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._backup import state
from ansible_collections.izzzi.infra.plugins.module_utils._backup.config import BackupError, Config

CONFIG = Config("shop", "/r", late_after=26, verified_late_after=192)
NOW = 1_000_000.0


def test_values_are_remembered_until_they_are_none(tmp_path):
    remembered = state.State(tmp_path / "shop")
    assert remembered.read() == {}
    remembered.note(a=1, b=2)
    assert remembered.note(a=None) == {"b": 2}


def test_a_damaged_file_is_no_empty_one(tmp_path):
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(BackupError, match="damaged"):
        state.State(tmp_path).read()


def hours_ago(hours: float) -> dict:
    return {"time": NOW - hours * 3600}


@pytest.mark.parametrize(
    ("remembered", "told"),
    [
        ({"backup": hours_ago(1), "verified": hours_ago(100)}, []),
        ({}, ["no backup yet", "no verified backup yet"]),
        ({"backup": hours_ago(30), "verified": hours_ago(200)}, ["backup is 30 h old", "verified backup is 200 h old"]),
        ({"backup": hours_ago(-5), "verified": hours_ago(1)}, ["from the future"]),
        ({"backup": hours_ago(1), "verified": hours_ago(1), "failed": {"drill": {"why": "x\ny"}}}, ["drill failed: x"]),
    ],
)
def test_what_is_late_or_failed_is_told(remembered, told):
    found = state.troubles(remembered, CONFIG, NOW)
    assert len(found) == len(told)
    assert all(part in sentence for part, sentence in zip(told, found, strict=True))


def test_a_report_has_ages():
    assert state.report({"backup": hours_ago(2)}, CONFIG, NOW)["backup_age"] == 2
