# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host import apply
from ansible_collections.izzzi.infra.plugins.modules import host_change
from ansible_collections.izzzi.infra.plugins.modules.host_change import main


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


def test_what_is_no_directory_is_named(run_module, tmp_path, arguments):
    result = run_module(main, {"files": [{"path": str(tmp_path / "old/file"), "content": ""}]})
    assert result["failed"] is True
    assert result["msg"] == f"{tmp_path}/old/file cannot be written: Not a directory. Everything is as it was."


def test_a_full_disk_is_told_in_our_words(run_module, tmp_path, arguments, monkeypatch):
    def full(_handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    result = run_module(main, arguments)
    assert result["msg"] == f"{tmp_path}/old cannot be written: No space left on device. Everything is as it was."
    assert os.listdir(tmp_path) == ["old"]


@pytest.fixture
def applied(tmp_path, monkeypatch):
    """A file that a command copies, as a program that takes its settings over."""
    monkeypatch.setattr(host_change, "LOCK", str(tmp_path / "lock"))
    monkeypatch.setattr(apply, "PENDING", tmp_path / "pending")
    path = tmp_path / "old"
    path.write_text("old\n")
    take = f"grep -qv bad {path} && cp {path} {tmp_path}/running"
    file = {"path": str(path), "content": "new\n", "apply": ["take"]}
    return {"files": [file], "apply": {"take": {"command": take, "check": f"cmp -s {path} {tmp_path}/running"}}}


def test_a_change_is_applied_and_what_was_not_is_made_good(run_module, tmp_path, applied):
    assert run_module(main, applied, check=True)["applied"] == ["take"]
    assert run_module(main, applied)["applied"] == ["take"]
    assert (tmp_path / "running").read_text() == "new\n"
    assert run_module(main, applied)["changed"] is False
    (tmp_path / "running").write_text("by hand")
    assert run_module(main, applied)["applied"] == ["take"]
    (tmp_path / "pending/take").touch()  # a run was killed between the file and its command
    assert run_module(main, applied)["applied"] == ["take"]


def test_what_cannot_be_applied_comes_back(run_module, tmp_path, applied):
    run_module(main, applied)
    applied["files"][0]["content"] = "bad\n"
    result = run_module(main, applied)
    assert result["msg"].startswith("take does not take the new settings, the old ones are back: exit status 1 of")
    assert [(tmp_path / name).read_text() for name in ("old", "running")] == ["new\n", "new\n"]
    assert list((tmp_path / "pending").iterdir()) == []


@pytest.mark.parametrize("check", [True, False])
def test_what_judges_a_file_is_asked_before_it_is_written(run_module, tmp_path, arguments, check):
    arguments["files"][0]["validate"] = "grep old %s"
    result = run_module(main, arguments, check=check)
    assert result["msg"].startswith(f"{tmp_path}/old would not be valid: exit status 1 of grep old /")
    assert (tmp_path / "old").read_text() == "old\n"
    arguments["files"][0]["validate"] = "/missing/program %s"
    assert run_module(main, arguments, check=check).get("failed", False) is not check  # it may be yet to come


def test_no_line_of_a_secret_is_in_the_hosts_log(run_module, tmp_path, monkeypatch):
    logged = []
    monkeypatch.setattr(host_change.AnsibleModule, "log", lambda _module, msg, log_args=None: logged.append(msg))
    secret = {"path": str(tmp_path / "key"), "content": "-----BEGIN KEY-----\nhunter22\n-----END KEY-----\n"}
    run_module(main, {"secrets": [secret]})
    assert "hunter22" in (tmp_path / "key").read_text()
    assert str(tmp_path / "key") in logged[0]
    assert "hunter22" not in str(logged)
