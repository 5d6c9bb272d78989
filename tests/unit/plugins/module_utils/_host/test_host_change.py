from __future__ import annotations

import getpass
import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host import host_change as sets


def look(path, **item):
    return sets.look({"path": str(path), "owner": getpass.getuser(), **item})


def test_a_new_file_is_written_with_its_mode_and_can_be_taken_back(tmp_path):
    path = tmp_path / "new" / "file"
    file = look(path, content="x\n", mode="0600")
    assert file.differs
    sets.write(file)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("x\n", 0o600)
    assert not look(path, content="x\n", mode="0600").differs
    sets.restore(file)
    assert not path.exists()


def test_an_old_content_comes_back(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o640)
    file = look(path, content="new")
    sets.write(file)
    assert path.read_text() == "new"
    sets.restore(file)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("old", 0o640)


def test_a_removed_file_comes_back(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    file = look(path, state="absent")
    sets.write(file)
    assert not path.exists()
    assert not look(path, state="absent").differs
    sets.restore(file)
    assert path.read_text() == "old"


def test_a_link_is_compared_by_its_target(tmp_path):
    path = tmp_path / "link"
    path.symlink_to("/a")
    assert not look(path, link="/a").differs
    file = look(path, link="/b")
    sets.write(file)
    assert os.readlink(path) == "/b"
    sets.restore(file)
    assert os.readlink(path) == "/a"


def test_a_mode_alone_leaves_the_content_and_asks_for_nothing_that_is_not_there(tmp_path):
    path = tmp_path / "file"
    assert not look(path, mode="0600").differs
    path.write_text("x")
    path.chmod(0o644)
    file = look(path, mode="0600")
    assert "mode 0644" in file.diff["before"]
    sets.write(file)
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
    assert sets.merge(text, {"UMASK": "027"}, "\t") == merged
    assert sets.merge(merged, {"UMASK": "027"}, "\t") == merged


def test_settings_never_make_a_file(tmp_path):
    assert not look(tmp_path / "none", settings={"A": 1}).differs


def test_what_cannot_be_written_is_said_before(tmp_path):
    assert not sets.obstacle(look(tmp_path / "fine", content="x"))
    running = os.path.realpath("/proc/self/exe")  # nobody may write a program that runs, not even root
    problem = sets.obstacle(sets.File(running, "", "x", 0o755, 0o755))
    assert problem.startswith(f"{running} cannot be written")


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_an_owner_is_mended_and_given_back(tmp_path):
    path = tmp_path / "authorized_keys"
    path.write_text("key\n")
    os.chown(path, 65534, -1)
    file = look(path, content="key\n")
    assert file.differs
    assert "user 65534" in file.diff["before"]
    sets.write(file)
    assert path.stat().st_uid == os.geteuid()
    assert not look(path, content="key\n").differs
    sets.restore(file)
    assert path.stat().st_uid == 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_an_owner_counts_where_it_is_declared_or_the_content_is(tmp_path):
    os.chown(tmp_path, 65534, -1)
    assert not sets.look({"path": str(tmp_path), "mode": f"{tmp_path.stat().st_mode & 0o777:o}"}).differs
    assert look(tmp_path, mode=f"{tmp_path.stat().st_mode & 0o777:o}").differs
    assert not sets.look({"path": str(tmp_path), "mode": "0700", "owner": "nobody-here"}).wrong_owner


def test_a_directory_in_the_way_is_named(tmp_path):
    assert sets.obstacle(look(tmp_path, content="x")) == f"{tmp_path} is a directory. Move it away."
    assert sets.obstacle(look(tmp_path, mode="0700")) == ""
