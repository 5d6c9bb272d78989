# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._compose.project import Edge


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
    with pytest.raises(CommandError, match="nginx -q -t"):
        edge.switch({"http.conf": "broken", "server.conf": "more"})
    assert names(edge) == {"http.conf": "good"}
    assert (tmp_path / "done").read_text().count("reload") == 1


def test_differences_show_both_sides(edge):
    Path(edge.directory / "http.conf").write_text("a")
    assert edge.differences({"http.conf": "b", "server.conf": None}) == {"http.conf": ("a", "b")}
