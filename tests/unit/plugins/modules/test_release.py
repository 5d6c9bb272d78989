from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.modules.release import main


@pytest.fixture
def arguments(tmp_path, monkeypatch) -> dict:
    """A host without Docker: what asks it is met in molecule."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return {"project": "shop", "directory": str(tmp_path / "shop")}


def test_a_bare_host_is_reported_as_one(run_module, arguments):
    app = run_module(main, {**arguments, "step": "info"})["app"]
    assert (app["live"], app["releases"], app["lock"], app["unfinished"]) == (None, [], None, None)


def test_a_plan_in_check_mode_predicts_on_a_bare_host(run_module, arguments, tmp_path):
    given = {**arguments, "step": "plan", "source": "r1", "services": {"api": {"image": "x:1"}}, "free_space": 0}
    result = run_module(main, given, check=True)
    assert (result["release"], result["new"]) == ("r1", True)
    assert list(tmp_path.iterdir()) == []
    assert "This host has no Docker" in run_module(main, given)["msg"]


@pytest.mark.parametrize("step", ["begin", "build", "migrate", "start", "switch", "drain", "commit", "undo"])
def test_steps_do_nothing_in_check_mode(run_module, arguments, step, tmp_path):
    assert run_module(main, {**arguments, "step": step}, check=True)["skipped"] is True
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_has_lost_its_lock_stops(run_module, arguments, tmp_path):
    (tmp_path / "shop").mkdir()
    failed = run_module(main, {**arguments, "step": "build", "lease": "gone"})
    assert "This run has lost its lock" in failed["msg"]


def test_files_show_what_would_be_written_and_no_secret(run_module, arguments):
    services = {"api": {"image": "x:1", "environment": {"TOKEN": "${TOKEN}"}}}
    given = {**arguments, "step": "files", "release": "r1", "services": services, "secret_env": {"TOKEN": "hunter22"}}
    result = run_module(main, given, check=True)
    assert "TOKEN=..." in str(result["diff"])
    assert "hunter22" not in str(result)


def test_there_is_nothing_to_go_back_to_on_a_bare_host(run_module, arguments):
    assert "There is no earlier good release" in run_module(main, {**arguments, "step": "rollback"})["msg"]
