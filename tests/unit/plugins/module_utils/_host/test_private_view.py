# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from unittest.mock import patch

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.files import Change, Entry
from ansible_collections.izzzi.infra.plugins.module_utils._host.private_view import LARGEST_SIZE, refusal

VIEW = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)
pytestmark = pytest.mark.skipif(VIEW.returncode != 0, reason="needs a mount namespace of its own")


@pytest.fixture
def etc(tmp_path):
    for directory in ("etc/sites", "run"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "etc/conf").write_text("old\n")
    (tmp_path / "etc/sites/gone").write_text("old\n")
    (tmp_path / "etc/link").symlink_to("sites/gone")
    return tmp_path


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def wanted(etc):
    return [
        Change(f"{etc}/etc/new", None, Entry(mode=0o755)),
        Change(f"{etc}/etc/new/file", None, Entry(text=b"new\n", mode=0o600)),
        Change(f"{etc}/etc/conf", Entry(), Entry(text=b"new\n", mode=0o644)),
        Change(f"{etc}/etc/sites/gone", Entry(text=b"old\n"), None),
    ]


def test_the_command_sees_the_changes_and_nobody_else_does(etc):
    seen = f"cat {etc}/etc/conf {etc}/etc/new/file; ls {etc}/etc/sites | wc -l; echo mark > {etc}/run/mark; exit 1"
    assert refusal(wanted(etc), script(etc / "judge", seen), [f"{etc}/run"]) == "new\nnew\n0"
    assert (etc / "etc/conf").read_text() == "old\n"
    assert sorted(os.listdir(etc / "etc")) == ["conf", "link", "sites"]
    assert os.listdir(etc / "run") == []
    assert [name for name in os.listdir("/run") if name.startswith("izzzi-check-")] == []


def test_what_the_command_takes_is_no_refusal(etc):
    assert refusal(wanted(etc), script(etc / "judge", "exit 0"), []) is None


@pytest.mark.parametrize(
    ("text", "words"), [("echo bad >&2; echo out; exit 3", "bad"), ("exit 3", "judge ended with 3.")]
)
def test_the_words_are_the_commands_own(etc, text, words):
    assert refusal(wanted(etc), script(etc / "judge", text), []).endswith(words)


def test_a_command_that_is_yet_to_come_says_nothing(etc):
    assert refusal(wanted(etc), [f"{etc}/missing"], []) is None


def test_a_large_directory_is_not_copied(etc):
    with (etc / "etc/journal").open("wb") as file:
        file.truncate(LARGEST_SIZE + 1)
    assert refusal(wanted(etc), script(etc / "judge", "echo bad; exit 1"), []) is None


def test_a_program_that_changes_itself_can_be_run_where_its_copy_may_not(etc):
    old = script(etc / "etc/judge", "exit 0")
    new = Change(old[0], Entry(), Entry(text=b"#!/bin/sh\necho new; exit 1\n", mode=0o755))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "noexec", "walk", etc / "run"], check=True)
    try:
        with patch("tempfile.mkdtemp", lambda **_options: str((etc / "run/copy").mkdir() or etc / "run/copy")):
            assert refusal([new], old, []) == "new"
    finally:
        subprocess.run(["umount", etc / "run"], check=True)
