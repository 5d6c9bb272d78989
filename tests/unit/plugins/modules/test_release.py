# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.modules.release import main, warnings


@pytest.fixture
def arguments(tmp_path, monkeypatch) -> dict:
    """A host without Docker: what asks it is met in molecule."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return {"project": "shop", "directory": str(tmp_path / "shop")}


def test_a_bare_host_is_reported_as_one(run_module, arguments):
    app = run_module(main, {**arguments, "action": "info"})["app"]
    assert (app["live"], app["releases"], app["lock"], app["unfinished"]) == (None, [], None, None)


@pytest.mark.parametrize("action", ["plan", "deploy"])
def test_a_check_predicts_on_a_bare_host(run_module, arguments, tmp_path, action):
    given = {**arguments, "action": action, "source": "r1", "services": {"api": {"image": "x:1"}}, "free_space": 0}
    result = run_module(main, given, check=True)
    assert (result["release"], result["new"]) == ("r1", True)
    assert list(tmp_path.iterdir()) == []
    assert "This host has no Docker" in run_module(main, given)["msg"]


def test_a_prediction_shows_what_would_be_written_and_no_secret(run_module, arguments):
    services = {"api": {"image": "x:1", "environment": {"TOKEN": "${TOKEN}"}}}
    given = {**arguments, "action": "deploy", "services": services, "secret_env": {"TOKEN": "hunter22"}}
    result = run_module(main, {**given, "source": "r1", "free_space": 0}, check=True)
    assert "TOKEN=..." in str(result["diff"])
    assert "hunter22" not in str(result)


def test_there_is_nothing_to_go_back_to_on_a_bare_host(run_module, arguments):
    assert "There is no earlier good release" in run_module(main, {**arguments, "action": "rollback"})["msg"]


def test_a_host_without_the_app_is_not_changed_by_its_removal(run_module, arguments, tmp_path):
    assert run_module(main, {**arguments, "action": "remove"})["changed"] is False
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_is_named(run_module, arguments, tmp_path):
    (tmp_path / "file").touch()
    failed = run_module(main, {**arguments, "action": "plan", "directory": str(tmp_path / "file/shop")})
    assert "file/shop: Not a directory" in failed["msg"]


def test_what_a_killed_run_left_and_what_nobody_judged_are_warnings():
    assert warnings({"recovered": "undid it", "judged": True}) == ["undid it"]
    assert "no Docker yet" in warnings({"judged": False})[0]
    assert warnings({}) == []
