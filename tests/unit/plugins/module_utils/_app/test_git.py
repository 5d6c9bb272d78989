# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import os
import subprocess
import threading
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.git import (
    Git,
    Remote,
    has_login,
    parse_refs,
    pick_revision,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.source import SourceError

TAG, PEELED, BRANCH = "a" * 40, "b" * 40, "c" * 40
LISTING = f"""{BRANCH}\tHEAD
{BRANCH}\trefs/heads/main
{BRANCH}\trefs/heads/both
{BRANCH}\trefs/heads/same
{TAG}\trefs/tags/v1
{PEELED}\trefs/tags/v1^{{}}
{TAG}\trefs/tags/both
{BRANCH}\trefs/tags/same
"""


@pytest.mark.parametrize(
    ("revision", "sha"),
    [
        ("v1", PEELED),
        ("refs/tags/v1", PEELED),
        ("main", BRANCH),
        ("HEAD", BRANCH),
        ("same", BRANCH),
        ("refs/tags/both", TAG),
    ],
)
def test_a_revision_means_one_commit(revision, sha):
    assert pick_revision(revision, parse_refs(LISTING), "url") == sha


@pytest.mark.parametrize("revision", ["missing", "abc1234", "--upload-pack=touch x", "", "v*"])
def test_an_unknown_revision_is_named(revision):
    with pytest.raises(SourceError, match="url has no tag or branch"):
        pick_revision(revision, parse_refs(LISTING), "url")


def test_a_tag_and_a_branch_of_one_name_are_not_guessed():
    with pytest.raises(SourceError, match="Write refs/tags/both or refs/heads/both"):
        pick_revision("both", parse_refs(LISTING), "url")


@pytest.mark.parametrize(
    ("repository", "remote"),
    [
        ("https://host/r.git", Remote("https://host/r.git")),
        ("https://me:p%40ss@host:8443/r.git", Remote("https://host:8443/r.git", "me", "p@ss")),
        ("https://ghp_token@host/r.git", Remote("https://host/r.git", "ghp_token", "")),
        ("git@host:r.git", Remote("git@host:r.git")),
        ("ssh://git@host/r.git", Remote("ssh://git@host/r.git")),
    ],
)
def test_credentials_are_taken_out_of_the_url(repository, remote):
    assert Remote.parse(repository) == remote


@pytest.mark.parametrize("repository", ["", "--upload-pack=x", "https://host/a b", "http://[bad"])
def test_what_is_no_url_is_an_error(repository):
    with pytest.raises(SourceError, match="repository is not a git URL"):
        Remote.parse(repository)


def test_the_password_is_not_in_the_representation():
    assert "hunter22" not in repr(Remote.parse("https://me:hunter22@host/r.git"))


@pytest.fixture
def git(tmp_path):
    def git(*arguments: str, cwd: Path = tmp_path) -> str:
        environment = os.environ | {
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_COMMITTER_DATE": "2026-01-05T23:30:00-02:00",
            "GIT_AUTHOR_DATE": "2026-01-05T23:30:00-02:00",
        }
        identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
        ran = subprocess.run(["git", *identity, *arguments], cwd=cwd, env=environment, capture_output=True, check=True)
        return ran.stdout.decode().strip()

    return git


@pytest.fixture
def repository(tmp_path, git) -> Path:
    path = tmp_path / "repository"
    git("init", "-q", "-b", "main", str(path))
    for content in ("old", "new"):
        (path / "a").write_text(content)
        git("add", ".", cwd=path)
        git("commit", "-qm", content, cwd=path)
    git("tag", "-a", "-m", "first", "v1", "HEAD~1", cwd=path)
    return path


def test_any_commit_is_fetched_and_its_date_is_in_utc(tmp_path, git, repository):
    client = Git(Remote.parse(str(repository)), timeout=20)
    sha = client.resolve("v1")
    assert sha == git("rev-parse", "HEAD~1", cwd=repository)
    into = tmp_path / "into"
    into.mkdir()
    assert client.fetch(sha, into) == "20260106"
    assert (into / "a").read_text() == "old"


def test_a_work_tree_with_changes_is_refused_and_they_are_named(repository):
    client = Git(Remote.parse(str(repository)), timeout=20)
    client.refuse_dirty()
    (repository / "a").write_text("not committed")
    (repository / "b").write_text("not known to git")
    with pytest.raises(SourceError, match=f"{repository} has changes that are in no commit: a, b. Commit or stash"):
        client.refuse_dirty()


def test_a_bare_repository_and_a_url_have_no_changes(tmp_path, git, repository):
    git("clone", "-q", "--bare", str(repository), str(tmp_path / "bare"))
    for address in (str(tmp_path / "bare"), "https://host/r.git"):
        Git(Remote.parse(address), timeout=20).refuse_dirty()


def test_a_full_sha_is_not_looked_up():
    assert Git(Remote("/nowhere"), timeout=1).resolve("a" * 40) == "a" * 40


def test_a_missing_commit_and_a_missing_repository_are_named(tmp_path, repository):
    (tmp_path / "into").mkdir()
    with pytest.raises(SourceError, match=f"{repository} cannot be read by git: .*{'a' * 40}"):
        Git(Remote(str(repository)), timeout=20).fetch("a" * 40, tmp_path / "into")
    with pytest.raises(SourceError, match=r"/nowhere cannot be read by git: .*does not"):
        Git(Remote("/nowhere"), timeout=20).resolve("main")


def test_a_controller_without_git_is_told_so():
    with pytest.raises(SourceError, match="Install git"):
        Git(Remote("/nowhere"), timeout=1, program="/nowhere/git").resolve("main")


def is_running(process: str) -> bool:
    stat = Path("/proc") / process / "stat"
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in "ZX"


def test_a_hanging_git_ends_with_its_children(tmp_path):
    program, child = tmp_path / "git", tmp_path / "child"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {child}\nwait\n")
    program.chmod(0o755)
    with pytest.raises(SourceError, match=r"https://host/r did not answer git within 1 s"):
        Git(Remote("https://host/r"), timeout=1, program=str(program)).resolve("main")
    deadline = time.monotonic() + 5
    while is_running(child.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_running(child.read_text().strip())


class Guarded(SimpleHTTPRequestHandler):
    """A repository behind a password (git's plain-file protocol)."""

    expected = "Basic " + base64.b64encode(b"me:hunter22").decode()

    def do_GET(self):
        if self.headers.get("Authorization") == self.expected:
            return super().do_GET()
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="git"')
        self.end_headers()
        return None

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def guarded_url(git, repository):
    git("update-server-info", cwd=repository)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Guarded, directory=str(repository / ".git")))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield "http://{}@127.0.0.1:" + f"{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_credentials_of_the_url_open_the_repository_and_are_in_no_argument_list(
    tmp_path, git, repository, guarded_url, monkeypatch
):
    # GIT_TRACE writes every command that git and its helpers start.
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    client = Git(Remote.parse(guarded_url.format("me:hunter22")), timeout=20)
    assert client.resolve("main") == git("rev-parse", "main", cwd=repository)
    trace = (tmp_path / "trace").read_text()
    assert "remote-http" in trace
    assert "hunter22" not in trace


def test_wrong_credentials_do_not_ask_and_are_not_shown(guarded_url):
    with pytest.raises(SourceError, match="Authentication failed") as caught:
        Git(Remote.parse(guarded_url.format("me:wrongpass")), timeout=20).resolve("main")
    assert "wrongpass" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "is_so"),
    [
        ("https://ada:secret@host/a", True),
        ("HTTPS://token@host/a", True),
        ("http://ada:secret@[host/a", True),
        ("https://host/a@b", False),
        ("git@host:a/b.git", False),
        ("ssh://git@host/a", False),
        ("../a@b", False),
    ],
)
def test_a_login_in_an_address(address, is_so):
    assert has_login(address) is is_so
