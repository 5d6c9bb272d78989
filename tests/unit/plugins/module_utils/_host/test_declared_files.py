# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import getpass
import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.declared_files import changes, merge
from ansible_collections.izzzi.infra.plugins.module_utils._host.files import put, undo

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")


def differing(path, is_check=False, **item):
    return changes({"files": [{"path": str(path), "owner": getpass.getuser(), **item}]}, is_check)


def test_a_new_file_is_written_with_its_mode_and_can_be_taken_back(tmp_path):
    path = tmp_path / "new" / "file"
    done = put(differing(path, content="x\n", mode="0600"))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("x\n", 0o600)
    assert not differing(path, content="x\n", mode="0600")
    undo(done)
    assert not path.parent.exists()


@pytest.mark.parametrize(("item", "text"), [({"content": "new"}, "new"), ({"settings": {"old": 1}}, "old\nold 1\n")])
def test_an_old_content_comes_back(tmp_path, item, text):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    done = put(differing(path, **item))
    assert path.read_text() == text
    undo(done)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("old", 0o640)


def test_a_removed_file_comes_back(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    done = put(differing(path, state="absent"))
    assert not path.exists()
    assert not differing(path, state="absent")
    undo(done)
    assert path.read_text() == "old"


def test_a_link_is_compared_by_its_target(tmp_path):
    path = tmp_path / "link"
    path.symlink_to("/a")
    assert not changes({"links": [{"path": str(path), "target": "/a"}]})
    done = put(changes({"links": [{"path": str(path), "target": "/b"}]}))
    assert os.readlink(path) == "/b"
    undo(done)
    assert os.readlink(path) == "/a"


def test_a_mode_alone_leaves_the_content_and_asks_for_nothing_that_is_not_there(tmp_path):
    path = tmp_path / "file"
    assert not differing(path, mode="0600")
    path.write_text("x")
    path.chmod(0o644)
    (change,) = differing(path, mode="0600")
    assert "mode 0644" in change.diff()["before"]
    put([change])
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("x", 0o600)


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("A 1\nUMASK\t022\nB 2\n", "A 1\nUMASK\t027\nB 2\n"),
        ("# UMASK is the mask\n#UMASK 022\n", "# UMASK is the mask\nUMASK\t027\n"),
        ("A 1\n", "A 1\nUMASK\t027\n"),
        ("", "UMASK\t027\n"),
    ],
)
def test_settings_stay_on_their_line(text, merged):
    assert merge(text, {"UMASK": "027"}, "\t") == merged
    assert merge(merged, {"UMASK": "027"}, "\t") == merged


def test_settings_never_make_a_file_and_leave_its_mode(tmp_path):
    assert not differing(tmp_path / "none", settings={"A": 1})
    (tmp_path / "there").write_text("B 2\n")
    (tmp_path / "there").chmod(0o600)
    put(differing(tmp_path / "there", settings={"A": 1}))
    assert ((tmp_path / "there").read_text(), (tmp_path / "there").stat().st_mode & 0o777) == ("B 2\nA 1\n", 0o600)


def test_settings_are_edited_behind_a_link_and_attributes_never_are(tmp_path):
    (tmp_path / "there").write_text("B 2\n")
    (tmp_path / "link").symlink_to("there")
    put(differing(tmp_path / "link", settings={"A": 1}))
    assert ((tmp_path / "there").read_text(), (tmp_path / "link").is_symlink()) == ("B 2\nA 1\n", True)
    assert not differing(tmp_path / "link", mode="0600")


def test_an_entry_may_be_left_out(tmp_path):
    assert not differing(tmp_path / "file", content="x", when=False)


@ROOT_ONLY
def test_an_owner_is_mended_and_given_back(tmp_path):
    path = tmp_path / "authorized_keys"
    path.write_text("key\n")
    os.chown(path, 65534, 65534)
    (change,) = differing(path, content="key\n")
    assert "user nobody" in change.diff()["before"]
    put([change])
    assert path.stat().st_uid == os.geteuid()
    assert not differing(path, content="key\n")
    undo([change])
    assert (path.stat().st_uid, path.stat().st_gid) == (65534, 65534)


@ROOT_ONLY
def test_an_owner_counts_where_it_is_declared_or_the_content_is(tmp_path):
    os.chown(tmp_path, 65534, -1)
    mode = f"{tmp_path.stat().st_mode & 0o777:o}"
    assert not differing(tmp_path, mode=mode, owner=None)
    assert differing(tmp_path, mode=mode)
    assert not differing(tmp_path, is_check=True, mode=mode, owner="nobody-here")
    with pytest.raises(ValueError, match="there is no user nobody-here"):
        differing(tmp_path, mode=mode, owner="nobody-here")


@ROOT_ONLY
def test_the_parents_of_a_users_file_are_that_users_alone(tmp_path):
    keys = tmp_path / "home/.ssh/authorized_keys"
    folder = {"path": str(keys.parent), "mode": "0700", "owner": "nobody"}  # where it is there
    put(changes({"files": [folder, {"path": str(keys), "content": "key\n", "owner": "nobody"}]}))
    for path in (keys.parent, keys):
        assert (path.stat().st_uid, path.group()) == (65534, "nogroup")
    assert keys.parent.stat().st_mode & 0o777 == 0o700


def test_a_directory_in_the_way_is_named(tmp_path):
    with pytest.raises(ValueError, match=rf"^{tmp_path} is a directory\. Move it away\.$"):
        differing(tmp_path, content="x")
    assert differing(tmp_path, mode="0711")
