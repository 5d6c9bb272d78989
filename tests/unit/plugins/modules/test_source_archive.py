# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.modules.source_archive import main


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "tree"
    (root / "apps").mkdir(parents=True)
    (root / "apps" / "main.js").write_text("1")
    (root / ".env").write_text("PASSWORD=hunter22")
    return root


@pytest.fixture
def dest(tmp_path) -> Path:
    return tmp_path / "archives"


@pytest.fixture
def repository(tree) -> Path:
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_COMMITTER_DATE": "2026-01-05T12:00:00Z"}
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-qm", "first"],
    ):
        subprocess.run(["git", *command], cwd=tree, env=environment, check=True)
    return tree


def members(archive: str) -> list[str]:
    with tarfile.open(archive) as tar:
        return [member.name for member in tar if member.isfile()]


def test_a_directory_is_packed_once(run_module, tree, dest):
    first = run_module(main, {"path": str(tree), "dest": str(dest)})
    assert first["changed"] is True
    assert first["release"] == f"tree-{first['checksum'][:12]}"
    assert first["revision"] == ""
    assert first["archive"] == f"{dest}/{first['release']}.tar.gz"
    assert members(first["archive"]) == ["apps/main.js"]
    second = run_module(main, {"path": str(tree), "dest": str(dest)})
    assert (second["changed"], second["archive"]) == (False, first["archive"])


def test_what_is_left_out_is_told(run_module, tree, dest):
    result = run_module(main, {"path": str(tree), "dest": str(dest)}, check=True)
    assert result["left_out"] == {"secret": [".env"]}
    assert result["note"].startswith("Left out of the source: .env (may hold secrets;")


def test_check_mode_says_the_same_and_writes_nothing(run_module, tree, dest):
    planned = run_module(main, {"path": str(tree), "dest": str(dest)}, check=True)
    assert planned["changed"] is True
    assert not dest.exists()
    done = run_module(main, {"path": str(tree), "dest": str(dest)})
    assert {k: planned[k] for k in ("archive", "checksum", "release")} == {
        k: done[k] for k in ("archive", "checksum", "release")
    }
    assert run_module(main, {"path": str(tree), "dest": str(dest)}, check=True)["changed"] is False


def test_archives_inside_the_source_are_not_part_of_it(run_module, tree):
    arguments = {"path": str(tree), "dest": str(tree / "archives")}
    first, second = run_module(main, arguments), run_module(main, arguments)
    assert (second["changed"], second["release"]) == (False, first["release"])


def test_a_broken_archive_is_written_again(run_module, tree, dest):
    archive = Path(run_module(main, {"path": str(tree), "dest": str(dest)})["archive"])
    archive.write_text("broken")
    assert run_module(main, {"path": str(tree), "dest": str(dest)})["changed"] is True
    assert members(str(archive)) == ["apps/main.js"]


def test_only_the_newest_archives_are_kept(run_module, tree, dest):
    for content in "abc":
        (tree / "apps" / "main.js").write_text(content)
        result = run_module(main, {"path": str(tree), "dest": str(dest), "keep": 2})
    assert len(os.listdir(dest)) == 2
    assert Path(result["archive"]).exists()


def test_a_commit_is_packed_once_and_then_found_without_its_repository(run_module, repository, dest):
    by_branch = {"repository": str(repository), "revision": "main", "dest": str(dest)}
    first = run_module(main, by_branch)
    assert first["changed"] is True
    assert first["release"] == f"20260105-{first['revision'][:12]}"
    assert members(first["archive"]) == ["apps/main.js"]
    assert run_module(main, by_branch)["changed"] is False

    by_sha = by_branch | {"revision": first["revision"], "repository": "/nowhere"}
    again = run_module(main, by_sha)
    assert {k: again[k] for k in ("changed", "checksum", "release")} == {
        "changed": False,
        "checksum": first["checksum"],
        "release": first["release"],
    }


def test_a_dirty_work_tree_fails_though_its_commit_is_packed(run_module, repository, dest):
    arguments = {"repository": str(repository), "revision": "main", "dest": str(dest)}
    sha = run_module(main, arguments)["revision"]
    (repository / "apps/main.js").write_text("not committed")
    failed = run_module(main, arguments | {"revision": sha})
    assert "apps/main.js" in failed["msg"]


def test_one_file_is_read_from_a_directory_a_commit_and_an_archive(run_module, repository, dest):
    commit = {"repository": str(repository), "revision": "main", "dest": str(dest), "read": "apps/main.js"}
    assert run_module(main, {"path": str(repository), "dest": str(dest), "read": "apps/main.js"})["text"] == "1"
    assert run_module(main, commit)["text"] == "1"
    assert run_module(main, commit)["text"] == "1", "from the archive"
    for changes in ({"read": "compose.yml"}, {"read": "apps"}, {"read": "compose.yml", "exclude": ["dist"]}):
        assert f"The source has no file {changes['read']}" in run_module(main, commit | changes)["msg"]


def test_a_commit_gives_the_checksum_of_its_tree(run_module, repository, dest):
    from_git = run_module(main, {"repository": str(repository), "revision": "main", "dest": str(dest)})
    from_path = run_module(main, {"path": str(repository), "dest": str(dest)})
    assert from_git["checksum"] == from_path["checksum"]


def test_other_patterns_pack_a_commit_again(run_module, repository, dest):
    arguments = {"repository": str(repository), "revision": "main", "dest": str(dest)}
    run_module(main, arguments)
    again = run_module(main, arguments | {"include": [".env"]})
    assert again["changed"] is True
    assert members(again["archive"]) == [".env", "apps/main.js"]


def test_check_mode_of_a_commit_writes_nothing(run_module, repository, dest):
    arguments = {"repository": str(repository), "revision": "main", "dest": str(dest)}
    assert run_module(main, arguments, check=True)["changed"] is True
    assert not dest.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "one of the following is required: path, repository"),
        ({"path": "/a", "repository": "/b", "revision": "main"}, "mutually exclusive"),
        ({"repository": "/b"}, "missing parameter(s) required by 'repository': revision"),
        ({"path": "/nowhere"}, "/nowhere is not a directory"),
        ({"path": "/nowhere", "keep": 0}, "keep and timeout must be 1 or more"),
        ({"repository": "/nowhere", "revision": "--help"}, "/nowhere cannot be read by git"),
        ({"repository": "--help", "revision": "main"}, "repository is not a git URL"),
    ],
)
def test_wrong_arguments_fail_before_anything_is_written(run_module, dest, arguments, message):
    result = run_module(main, {**arguments, "dest": str(dest)})
    assert result["failed"] is True
    assert message in result["msg"]
    assert not dest.exists()


def test_credentials_of_the_url_are_nowhere_in_the_result(run_module, dest):
    arguments = {"repository": "http://me:hunter22@127.0.0.1:1/r.git", "revision": "main", "dest": str(dest)}
    result = run_module(main, arguments)
    assert "http://127.0.0.1:1/r.git cannot be read by git" in result["msg"]
    assert "hunter22" not in repr(result)
