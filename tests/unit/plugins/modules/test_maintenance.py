# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.modules.maintenance import main


@pytest.fixture
def arguments(tmp_path) -> dict:
    (tmp_path / "edge").mkdir()
    (tmp_path / "edge-token").write_text("secret\n")
    return {"project": "shop", "directory": str(tmp_path), "edge_directory": str(tmp_path / "edge")}


def test_check_mode_names_the_files_and_writes_none(run_module, arguments, tmp_path):
    result = run_module(main, arguments, check=True)
    assert result["changed"] is True
    assert result["diff"]["after"] == "http-maintenance.conf\nmaintenance.conf\nmaintenance.html\n"
    assert "secret" not in str(result["diff"])
    assert list((tmp_path / "edge").iterdir()) == []


def test_opening_what_is_open_changes_nothing(run_module, arguments):
    assert run_module(main, {**arguments, "state": "absent"})["changed"] is False


def test_an_app_that_was_never_released_cannot_be_closed(run_module, arguments):
    failed = run_module(main, {**arguments, "directory": "/nowhere"})
    assert "/nowhere has no release yet" in failed["msg"]


def test_an_allow_list_holds_networks(run_module, arguments):
    failed = run_module(main, {**arguments, "allow": ["10.0.0.0/33"]})
    assert "10.0.0.0/33" in failed["msg"]
