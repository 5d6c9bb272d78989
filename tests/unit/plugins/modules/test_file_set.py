from __future__ import annotations

import os

import pytest
from ansible_collections.izzzi.infra.plugins.modules.file_set import main


@pytest.fixture
def arguments(tmp_path):
    (tmp_path / "old").write_text("old\n")
    return {
        "files": [{"path": str(tmp_path / "old"), "content": "new\n"}],
        "secrets": [{"path": str(tmp_path / "other"), "content": "hunter22\n"}],
    }


def test_all_are_written_when_the_command_is_content(run_module, tmp_path, arguments):
    first = run_module(main, {**arguments, "validate": ["grep", "-q", "new", str(tmp_path / "old")]})
    assert first["changed"] is True
    assert first["paths"] == [str(tmp_path / "old"), str(tmp_path / "other")]
    assert run_module(main, arguments)["changed"] is False


def test_nothing_is_written_when_the_command_refuses(run_module, tmp_path, arguments):
    command = ["sh", "-c", "echo the reason >&2; exit 1"]
    result = run_module(main, {**arguments, "validate": command})
    assert result["failed"] is True
    assert result["msg"] == "the reason\nEverything is as it was."
    assert os.listdir(tmp_path) == ["old"]
    assert (tmp_path / "old").read_text() == "old\n"


def test_a_state_that_is_refused_fails_also_when_nothing_changes(run_module, arguments):
    run_module(main, arguments)
    result = run_module(main, {**arguments, "validate": ["false"]})
    assert result["msg"] == "false ended with 1.\nNothing was to be changed."


def test_a_command_that_is_missing_undoes_too(run_module, tmp_path, arguments):
    result = run_module(main, {**arguments, "validate": ["/missing/command"]})
    assert result["msg"].startswith("/missing/command cannot be run: No such file or directory.")
    assert os.listdir(tmp_path) == ["old"]


def test_check_mode_predicts_and_writes_nothing(run_module, tmp_path, arguments):
    result = run_module(main, {**arguments, "_ansible_diff": True}, check=True)
    assert result["changed"] is True
    assert (tmp_path / "old").read_text() == "old\n"
    assert result["diff"][0]["before"] == "old\n"
    assert result["diff"][0]["after"] == "new\n"
    assert "hunter22" not in str(result)


def test_check_mode_foretells_that_a_state_is_refused_also_when_nothing_changes(run_module, arguments):
    run_module(main, arguments)
    judged = {**arguments, "validate": ["/bin/false"], "trial": []}
    assert run_module(main, judged, check=True)["msg"] == "/bin/false ended with 1.\nNothing was to be changed."


def test_a_missing_directory_is_named(run_module, tmp_path):
    result = run_module(main, {"files": [{"path": str(tmp_path / "no/file"), "content": ""}]})
    assert result["failed"] is True
    assert "No such file or directory" in result["msg"]
