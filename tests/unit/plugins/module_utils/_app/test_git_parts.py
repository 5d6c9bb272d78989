# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.git import Git, Remote
from ansible_collections.izzzi.infra.plugins.module_utils._app.git_parts import (
    fetch_objects,
    fetch_submodules,
    is_pointer,
    pointers_of,
    refuse_pointers,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.source import SourceError
from ansible_collections.izzzi.infra.plugins.module_utils._app.source_files import Rules, select_all

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
ENVIRONMENT = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_TERMINAL_PROMPT": "0"}


def run(*arguments: str, cwd: Path) -> str:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    command = ["git", *who, *arguments]
    return subprocess.run(command, cwd=cwd, env=ENVIRONMENT, check=True, capture_output=True, text=True).stdout.strip()


def make(path: Path, **files: str) -> Path:
    path.mkdir()
    run("init", "-q", "-b", "main", ".", cwd=path)
    return commit(path, **files)


def commit(path: Path, **files: str) -> Path:
    for name, text in files.items():
        (path / name).write_text(text)
    run("add", ".", cwd=path)
    run("commit", "-qm", "some", cwd=path)
    return path


@pytest.fixture
def family(tmp_path) -> Path:
    """A repository with a submodule that has one itself, all by relative URLs."""
    make(tmp_path / "inner", **{"inner.js": "1"})
    lib = make(tmp_path / "lib", **{"lib.js": "pinned"})
    run("submodule", "add", "-q", "../inner", "deep/inner", cwd=lib)
    commit(lib)
    app = make(tmp_path / "app", **{"main.js": "1"})
    run("submodule", "add", "-q", "../lib", "vendor/lib", cwd=app)
    commit(app)
    commit(lib, **{"lib.js": "newer"})
    return tmp_path


def fetched(repository: str, into: Path) -> list[str]:
    git = Git(Remote.parse(repository), timeout=30)
    into.mkdir()
    git.fetch(git.resolve("main"), into)
    fetch_submodules(git, into)
    return [entry.name for entry in select_all(into, Rules()).entries]


EVERYTHING = [
    ".gitmodules",
    "main.js",
    "vendor/lib/.gitmodules",
    "vendor/lib/deep/inner/inner.js",
    "vendor/lib/lib.js",
]


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_submodules_come_at_their_pinned_commits_and_theirs_too(family, form):
    assert fetched(form.format(family / "app"), family / "out") == EVERYTHING
    assert (family / "out/vendor/lib/lib.js").read_text() == "pinned"


def test_a_repository_without_submodules_needs_nothing(family):
    assert fetched(str(family / "inner"), family / "out") == ["inner.js"]


def test_submodules_that_are_gone_are_named(family):
    shutil.move(family / "lib", family / "elsewhere")
    with pytest.raises(SourceError, match=r"app has submodules \(vendor/lib\), and not all can be had\. .*git"):
        fetched(str(family / "app"), family / "out")


def test_a_submodule_that_git_would_skip_is_there_all_the_same(family):
    run("config", "--file", ".gitmodules", "submodule.vendor/lib.update", "none", cwd=family / "app")
    commit(family / "app")
    assert fetched(str(family / "app"), family / "out") == EVERYTHING


def test_a_submodule_without_an_address_is_named(family):
    sha = run("rev-parse", "HEAD", cwd=family / "inner")
    run("update-index", "--add", "--cacheinfo", f"160000,{sha},orphan", cwd=family / "app")
    run("commit", "-qm", "orphan", cwd=family / "app")
    with pytest.raises(
        SourceError, match=r"submodules \(orphan, vendor/lib\).*No url found for submodule path 'orphan'"
    ):
        fetched(str(family / "app"), family / "out")


class GitServer(BaseHTTPRequestHandler):
    """Repositories over HTTP by git's own program, those below /private/ behind a password."""

    root = Path()
    asked: ClassVar[list[tuple[str, str]]] = []
    expected = "Basic " + base64.b64encode(b"me:hunter22").decode()

    def answer(self):
        given = self.headers.get("Authorization", "")
        self.asked.append((self.headers["Host"].partition(":")[0], given))
        if self.path.startswith("/private/") and given != self.expected:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        environment = ENVIRONMENT | {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": path.removeprefix("/private"),
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        result = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, content = result.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = answer

    def log_message(self, *_arguments):
        pass


@pytest.fixture
def server(family):
    handler = type("Handler", (GitServer,), {"root": family, "asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_private_submodules_of_the_same_host_open_with_the_same_credentials(family, server):
    url = f"http://me:hunter22@127.0.0.1:{server.server_port}/private/app"
    assert fetched(url, family / "out") == EVERYTHING


def test_another_host_does_not_get_the_credentials(family, server):
    run(
        "config",
        "--file",
        ".gitmodules",
        "submodule.vendor/lib.url",
        f"http://localhost:{server.server_port}/private/lib",
        cwd=family / "app",
    )
    commit(family / "app")
    with pytest.raises(SourceError, match="not all can be had") as failed:
        fetched(f"http://me:hunter22@127.0.0.1:{server.server_port}/private/app", family / "out")
    assert "hunter22" not in str(failed.value)
    asked = server.RequestHandlerClass.asked
    assert ("127.0.0.1", GitServer.expected) in asked
    assert {given for host, given in asked if host == "localhost"} == {""}


def test_a_remote_repository_cannot_lead_to_files_of_this_machine(family, server):
    run("config", "--file", ".gitmodules", "submodule.vendor/lib.url", str(family / "lib"), cwd=family / "app")
    commit(family / "app")
    with pytest.raises(SourceError, match="transport 'file' not allowed"):
        fetched(f"http://127.0.0.1:{server.server_port}/app", family / "out")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (POINTER, True),
        (POINTER.replace("oid", "ext-0-foo sha256:" + "1" * 64 + "\noid"), True),
        (POINTER + "more\n", False),
        ("version https://git-lfs.github.com/spec/v1\n", False),
        ("", False),
    ],
)
def test_a_pointer_is_known_by_its_whole_text(tmp_path, text, expected):
    (tmp_path / "file").write_text(text)
    assert is_pointer(tmp_path / "file") is expected


def test_pointers_are_refused_by_name(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}.png").write_text(POINTER)
    with pytest.raises(
        SourceError, match=r"0\.png, .*4\.png and 2 more are not the files but pointers of Git LFS.* Do so\."
    ):
        refuse_pointers(select_all(tmp_path, Rules()).entries, "Do so.")


def test_without_git_lfs_its_files_are_named(tmp_path):
    client = tmp_path / "git"
    client.write_text('#!/bin/sh\n[ "$1" = lfs ] && exit 1\nexec git "$@"\n')
    client.chmod(0o755)
    git = Git(Remote("https://host/app.git"), timeout=30, program=str(client))
    with pytest.raises(
        SourceError, match=r"logo\.png of https://host/app\.git are with Git LFS.*Install git-lfs on the controller"
    ):
        fetch_objects(git, tmp_path, ["logo.png"])


@pytest.mark.skipif(not shutil.which("git-lfs"), reason="needs git-lfs")
def test_files_of_git_lfs_come_of_submodules_too(tmp_path):
    lib = make(tmp_path / "lib", **{".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n"})
    app = make(tmp_path / "app", **{".gitattributes": "*.png filter=lfs diff=lfs merge=lfs -text\n"})
    for repository in (lib, app):
        run("lfs", "install", "--local", "--skip-repo", cwd=repository)
        commit(repository, **{"logo.png": f"picture of {repository.name}"})
    run("submodule", "add", "-q", "../lib", "vendor/lib", cwd=app)
    commit(app)
    out = tmp_path / "out"
    fetched(str(app), out)
    pointers = pointers_of(select_all(out, Rules()).entries)
    assert pointers == ["logo.png", "vendor/lib/logo.png"]
    fetch_objects(Git(Remote.parse(str(app)), timeout=30), out, pointers)
    assert [(out / name).read_text() for name in pointers] == ["picture of app", "picture of lib"]
