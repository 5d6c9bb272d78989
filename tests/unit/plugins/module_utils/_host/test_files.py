# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import os
import shutil
from unittest.mock import patch

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.declared_files import changes
from ansible_collections.izzzi.infra.plugins.module_utils._host.files import Change, Entry, look, obstacle, put, undo

MINE = {"owner": os.geteuid(), "group": os.getegid()}


def parameters(**given):
    return {"files": [], "secrets": [], "links": [], "directories": [], "absent": [], **given}


def file(path, content="new\n", mode="0644", replace=True):
    return {"path": str(path), "content": content, "mode": mode, "replace": replace}


def test_everything_is_made_and_a_second_look_finds_nothing(tmp_path):
    wanted = parameters(
        directories=[{"path": str(tmp_path / "a/b"), "mode": "0750"}],
        files=[file(tmp_path / "a/b/c", mode="0600")],
        links=[{"path": str(tmp_path / "link"), "target": "a/b/c"}],
    )
    put(changes(wanted))
    assert (tmp_path / "link").read_text() == "new\n"
    assert look(str(tmp_path / "a/b")) == Entry(mode=0o750, **MINE)
    assert look(str(tmp_path / "a/b/c")) == Entry(text=b"new\n", mode=0o600, **MINE)
    assert changes(wanted) == []


def test_undo_brings_back_what_was_there(tmp_path):
    (tmp_path / "kept").write_text("old\n")
    (tmp_path / "kept").chmod(0o640)
    (tmp_path / "gone").symlink_to("kept")
    (tmp_path / "moved").symlink_to("kept")
    wanted = parameters(
        directories=[{"path": str(tmp_path / "d"), "mode": "0755"}],
        files=[file(tmp_path / "kept"), file(tmp_path / "d/new")],
        links=[{"path": str(tmp_path / "moved"), "target": "d"}],
        absent=[str(tmp_path / "gone"), str(tmp_path / "never")],
    )
    undo(put(changes(wanted)))
    assert sorted(os.listdir(tmp_path)) == ["gone", "kept", "moved"]
    assert look(str(tmp_path / "kept")) == Entry(text=b"old\n", mode=0o640, **MINE)
    assert look(str(tmp_path / "gone")) == look(str(tmp_path / "moved")) == Entry(target="kept")


def test_what_fails_half_way_is_undone(tmp_path):
    (tmp_path / "file").write_text("")
    wanted = parameters(files=[file(tmp_path / "parent/first"), file(tmp_path / "file/second")])
    with pytest.raises(NotADirectoryError) as raised:
        put(changes(wanted))
    assert (os.listdir(tmp_path), raised.value.filename) == (["file"], str(tmp_path / "file/second"))


def test_a_file_that_is_not_to_be_replaced_is_left_alone(tmp_path):
    wanted = parameters(files=[file(tmp_path / "live", replace=False)])
    put(changes(wanted))
    (tmp_path / "live").write_text("switched\n")
    assert changes(wanted) == []


def test_a_mode_alone_is_a_change(tmp_path):
    (tmp_path / "key").write_text("new\n")
    (tmp_path / "key").chmod(0o644)
    [change] = changes(parameters(files=[file(tmp_path / "key", mode="0600")]))
    assert change.diff()["before_header"].endswith("(mode 0644)")
    assert change.diff()["after_header"].endswith("(mode 0600)")


def test_a_mode_alone_leaves_the_date(tmp_path):
    path = tmp_path / "daemon.json"
    path.write_text("new\n")
    path.chmod(0o600)
    os.utime(path, (1, 1))
    undo(put(changes(parameters(files=[file(path)]))))
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o600, 1)
    put(changes(parameters(files=[file(path)])))
    assert (path.stat().st_mode & 0o777, path.stat().st_mtime) == (0o644, 1)


def test_a_sensitive_text_is_not_in_the_diff(tmp_path):
    (tmp_path / "key").write_text("old secret")
    [change] = changes(parameters(secrets=[file(tmp_path / "key", content="new secret")]))
    assert "secret" not in str(change.diff())


def test_a_file_through_a_link_replaces_the_link(tmp_path):
    (tmp_path / "target").write_text("foreign")
    (tmp_path / "site").symlink_to("target")
    put(changes(parameters(files=[file(tmp_path / "site")])))
    assert (tmp_path / "target").read_text() == "foreign"
    assert not (tmp_path / "site").is_symlink()


@pytest.mark.parametrize("state", ["present", "absent"])
def test_what_is_declared_absent_goes_whatever_its_kind(tmp_path, state):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("file")
    wanted = parameters(
        files=[{**file(tmp_path / "file"), "state": state}],
        secrets=[{**file(tmp_path / "key"), "state": state}],
        links=[{"path": str(tmp_path / "link"), "target": "file", "state": state}],
    )
    put(changes(wanted))
    assert sorted(os.listdir(tmp_path)) == (["file", "key", "link"] if state == "present" else [])


@pytest.mark.parametrize("is_directory", [True, False])
def test_a_directory_is_never_mixed_up_with_a_file(tmp_path, is_directory):
    path = tmp_path / "there"
    path.mkdir() if is_directory else path.write_text("x")
    wanted = {"files": [file(path)]} if is_directory else {"directories": [{"path": str(path), "mode": "0755"}]}
    with pytest.raises(ValueError, match="Move it away"):
        changes(parameters(**wanted))


def test_a_device_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="neither a file nor a link"):
        changes(parameters(files=[file(tmp_path / "pipe")]))


def test_a_file_gets_its_group_and_undo_gives_it_back(tmp_path):
    if os.getuid():
        pytest.skip("only root gives files to any group")
    path = tmp_path / "users"
    path.write_text("old\n")
    path.chmod(0o600)
    wanted = parameters(secrets=[{**file(path, content="old\n", mode="0640"), "group": "www-data"}])
    [change] = changes(wanted)
    assert change.diff()["before_header"] == f"{path} (mode 0600, group root)"
    assert change.diff()["after_header"] == f"{path} (mode 0640, group www-data)"
    done = put([change])
    assert (path.group(), path.stat().st_mode & 0o777) == ("www-data", 0o640)
    assert changes(wanted) == []
    undo(done)
    assert (path.group(), path.stat().st_mode & 0o777) == ("root", 0o600)


@pytest.mark.parametrize("changed", ["absent", "another text"])
def test_undo_gives_a_group_back_that_nobody_asked_for(tmp_path, changed):
    if os.getuid():
        pytest.skip("only root gives files to any group")
    path = tmp_path / "users"
    path.write_text("old\n")
    path.chmod(0o640)
    shutil.chown(path, group="www-data")
    same = parameters(files=[file(path, content="old\n", mode="0640")])
    assert changes(same) == []  # a group that is not declared is left alone
    new = parameters(files=[file(path, content="new\n", mode="0640")])
    undo(put(changes(new if changed == "another text" else parameters(absent=[str(path)]))))
    assert (path.group(), path.read_text()) == ("www-data", "old\n")


def test_an_unknown_group_is_named(tmp_path):
    wanted = parameters(secrets=[{**file(tmp_path / "users"), "group": "nobodys"}])
    with pytest.raises(ValueError, match="users: there is no group nobodys"):
        changes(wanted)
    assert changes(wanted, is_check=True)[0].after.group is None  # it may be yet to come


def test_a_difference_that_is_not_in_the_text_is_shown(tmp_path):
    (tmp_path / "key").write_text("old secret")
    (tmp_path / "key").chmod(0o640)
    [key] = changes(parameters(secrets=[file(tmp_path / "key", content="new secret", mode="0640")]))
    assert (key.diff()["before"], key.diff()["after"]) == ("mode 0640\n", "mode 0640\nanother text\n")
    [mode] = changes(parameters(files=[file(tmp_path / "key", content="old secret")]))
    assert (mode.diff()["before"], mode.diff()["after"]) == ("mode 0640\n", "mode 0644\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_a_file_of_somebody_else_is_taken_and_given_back(tmp_path):
    path = tmp_path / "site"
    path.write_text("new\n")
    os.chown(path, 65534, -1)
    for text in ("new\n", "newer\n"):
        done = put(changes(parameters(files=[{**file(path), "content": text}])))
        assert (path.read_text(), path.stat().st_uid) == (text, 0)
        undo(done)
        assert (path.read_text(), path.stat().st_uid) == ("new\n", 65534)


def test_missing_parents_of_a_file_come_and_go_with_it(tmp_path):
    done = put(changes(parameters(files=[file(tmp_path / "a/b/c")])))
    assert [change.path for change in done] == [str(tmp_path / path) for path in ("a", "a/b", "a/b/c")]
    (tmp_path / "a/theirs").touch()
    undo(done)
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "theirs"]


def test_an_undo_takes_parents_away_that_were_made(tmp_path):
    done = put(changes(parameters(directories=[{"path": str(tmp_path / "a/b/c"), "mode": "0700"}])))
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "a/b/c").stat().st_mode & 0o777 == 0o700
    undo(done)
    assert os.listdir(tmp_path) == []


def test_a_full_disk_leaves_nothing_behind(tmp_path):
    (tmp_path / "old").write_text("old\n")
    wanted = changes(parameters(files=[file(tmp_path / "new"), file(tmp_path / "old")]))
    with (
        patch("os.fsync", side_effect=[None, OSError(errno.ENOSPC, "No space left on device")]),
        pytest.raises(OSError, match="No space left"),
    ):
        put(wanted)
    assert (os.listdir(tmp_path), (tmp_path / "old").read_text()) == (["old"], "old\n")


def test_what_cannot_be_written_is_said_before(tmp_path):
    assert not obstacle(Change(str(tmp_path / "fine"), None, Entry(text=b"x")))
    running = os.path.realpath("/proc/self/exe")  # nobody may write a program that runs, not even root
    assert obstacle(Change(running, Entry(text=b""), Entry(text=b"x"))).startswith(f"{running} cannot be written")
