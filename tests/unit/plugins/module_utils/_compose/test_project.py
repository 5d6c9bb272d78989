from __future__ import annotations

import sys
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.project import Edge, ReleaseError, run


def python(code: str, **options) -> str:
    return run([sys.executable, "-c", code], **options)


def test_a_program_that_fails_is_quoted_with_its_last_words():
    with pytest.raises(ReleaseError) as raised:
        python("import sys; [print('line', n) for n in range(99)]; sys.exit(3)")
    text = str(raised.value)
    assert "exited with 3" in text
    assert "line 98" in text
    assert "line 1\n" not in text


def test_a_program_that_hangs_is_ended():
    with pytest.raises(ReleaseError, match="took longer than 1 s"):
        python("import time; time.sleep(60)", timeout=1)


def test_a_missing_program_is_named():
    with pytest.raises(ReleaseError, match="/nowhere/docker is not installed"):
        run(["/nowhere/docker"])


@pytest.fixture
def edge(tmp_path, monkeypatch) -> Edge:
    """nginx here refuses what holds the word `broken`; the real one is met in molecule."""
    directory, programs = tmp_path / "edge", tmp_path / "bin"
    directory.mkdir()
    programs.mkdir()
    for name, body in {"nginx": f"! grep -rq broken {directory}", "systemctl": f"echo $@ >> {tmp_path}/done"}.items():
        (programs / name).write_text(f"#!/bin/sh\n{body}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return Edge(directory)


def names(edge: Edge) -> dict[str, str]:
    return {path.name: path.read_text() for path in edge.directory.iterdir()}


def test_a_switch_writes_removes_and_reloads_once(edge, tmp_path):
    (edge.directory / "old.conf").write_text("old")
    files = {"http.conf": "new", "old.conf": None}
    assert edge.switch(files) is True
    assert names(edge) == {"http.conf": "new"}
    assert (edge.directory / "http.conf").stat().st_mode & 0o777 == 0o600
    assert edge.switch(files) is False
    assert (tmp_path / "done").read_text() == "reload nginx.service\n"


def test_what_nginx_refuses_is_taken_back(edge, tmp_path):
    edge.switch({"http.conf": "good", "server.conf": None})
    with pytest.raises(ReleaseError, match="nginx -q -t"):
        edge.switch({"http.conf": "broken", "server.conf": "more"})
    assert names(edge) == {"http.conf": "good"}
    assert (tmp_path / "done").read_text().count("reload") == 1


def test_differences_show_both_sides(edge):
    Path(edge.directory / "http.conf").write_text("a")
    assert edge.differences({"http.conf": "b", "server.conf": None}) == {"http.conf": ("a", "b")}
