# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.plugin_utils import who


@pytest.mark.parametrize(
    ("environ", "page"),
    [
        ({}, ""),
        (
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"},
            "https://github.com/a/b/actions/runs/7",
        ),
        ({"GITHUB_REPOSITORY": "a/b"}, ""),
        ({"CI_JOB_URL": "https://gitlab.com/a/-/jobs/7", "CI_PIPELINE_URL": "x"}, "https://gitlab.com/a/-/jobs/7"),
        ({"BUILD_URL": "https://jenkins/7"}, "https://jenkins/7"),
    ],
)
def test_the_page_of_a_ci(environ, page):
    assert who.ci_page(environ) == page


def test_the_author_is_the_checkouts(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    assert who.author({}, tmp_path) == ""
    for command in (["init", "-q"], ["config", "user.name", "Ada"], ["config", "user.email", "ada@example.com"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)
    assert who.author({}, tmp_path) == "Ada <ada@example.com>"
    assert who.author({"GIT_AUTHOR_NAME": "Bob"}, tmp_path) == "Bob <ada@example.com>"
    assert who.author({}, tmp_path / "gone") == ""


def test_a_run_has_a_name_and_an_age(tmp_path):
    ticks, seconds = who.began(os.getpid())
    assert int(ticks) > 0
    assert 0 < seconds < 100_000
    assert who.began(os.getpid(), tmp_path) == ("", 0.0)
    first, again = who.who(tmp_path, "deploy", os.getpid()), who.who(tmp_path, "deploy", os.getpid())
    assert first["run"] == again["run"] != who.who(tmp_path, "deploy", os.getppid())["run"]
    assert first["verb"] == "deploy"
    assert first["host"]
