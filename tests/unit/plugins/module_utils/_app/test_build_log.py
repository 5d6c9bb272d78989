# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.build_log import (
    BuildError,
    BuildLog,
    at_work,
    excerpt,
    failure,
)
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._app.progress import reported

USAGE = [f"npm error   --option-{number}" for number in range(40)]
NPM = [
    "npm error code EUSAGE",
    "npm error `npm ci` can only install packages when your package.json and package-lock.json are in sync.",
    "npm error Missing: @izzzi/frontend@0.1.0 from lock file",
    *USAGE,
]
BUILDKIT = [
    '#0 building with "default" instance using docker driver',
    "#7 [backend build 2/8] WORKDIR /app",
    "#7 DONE 0.1s",
    "#8 [backend build 5/8] RUN npm ci",
    "#9 [frontend build 5/8] RUN npm ci",
    "#9 0.500 npm warn deprecated something@1.0.0",
    *(f"#8 1.{number:03} {line}" for number, line in enumerate(NPM)),
    '#8 ERROR: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
    "#9 CANCELED",
    "------",
    " > [backend build 5/8] RUN npm ci:",
    *(f"1.{number:03} {line}" for number, line in enumerate(USAGE[-20:])),
    "------",
    'failed to solve: process "/bin/sh -c npm ci" did not complete successfully: exit code: 1',
]
CLASSIC = [
    "Sending build context to Docker daemon  3.072kB",
    "Step 1/2 : FROM node:20",
    " ---> d3f71bd87016",
    "Step 2/2 : RUN npm ci",
    " ---> Running in 0a1b2c3d4e5f",
    *NPM,
    "The command '/bin/sh -c npm ci' returned a non-zero code: 1",
]
SCRIPT = "printf '%s\\n' \"$@\"; exit 1"


@pytest.fixture
def log(tmp_path) -> BuildLog:
    return BuildLog(tmp_path / "logs", "r1", ["hunter22"]).start()


@pytest.mark.parametrize(
    ("output", "step", "end"),
    [
        (BUILDKIT, "[backend build 5/8] RUN npm ci", "ERROR: process"),
        (CLASSIC, "RUN npm ci", "returned a non-zero code: 1"),
    ],
)
def test_the_reason_is_shown_whatever_usage_follows_it(tmp_path, output, step, end):
    text = failure("\n".join(output), "docker exited with 17", "backend", tmp_path / "r1.log")
    assert text.startswith(f"backend: its image cannot be built: docker exited with 17, in the step {step}.")
    assert "  npm error Missing: @izzzi/frontend@0.1.0 from lock file" in text.splitlines()
    assert end in text
    assert "deprecated" not in text
    assert text.endswith(f"All that the build said is in {tmp_path}/r1.log.")
    assert len(text.splitlines()) < 30


def test_what_fails_before_a_step_is_shown_by_its_last_lines(tmp_path):
    text = failure(
        "#1 DONE 0.0s\n\nfailed to read dockerfile: open Dockerfile: no such file", "docker exited with 1", "", tmp_path
    )
    assert text.splitlines()[:2] == [
        "An image cannot be built: docker exited with 1.",
        "  failed to read dockerfile: open Dockerfile: no such file",
    ]


def test_colours_and_endless_commands_are_not_shown(tmp_path):
    output = f"Step 1/1 : RUN {'x' * 500}\n\x1b[91mnpm error Missing: a\x1b[0m\nThe command returned a non-zero code: 1"
    text = failure(output, "docker exited with 1", "web", tmp_path)
    assert "\x1b" not in text
    assert "  npm error Missing: a" in text.splitlines()
    assert len(text.splitlines()[0]) < 260


def test_gaps_are_marked():
    lines = ["error: first", *("fine" for _ in range(20)), "last"]
    assert excerpt(lines) == ["error: first", "...", *("fine" for _ in range(7)), "last"]


def test_all_that_a_build_says_stays_in_its_file(log):
    with pytest.raises(BuildError, match="Missing: @izzzi/frontend") as failed:
        log.run(["sh", "-c", SCRIPT, "sh", *BUILDKIT], 60, "backend")
    assert log.path.read_text().splitlines() == BUILDKIT
    assert (failed.value.log, failed.value.service) == (str(log.path), "backend")
    assert log.path.stat().st_mode & 0o077 == 0


def test_builds_of_one_release_share_a_file_and_a_later_attempt_begins_anew(log):
    log.run(["sh", "-c", "echo one; echo two >&2"], 60)
    log.run(["echo", "three"], 60)
    assert log.path.read_text() == "one\ntwo\nthree\n"
    assert not log.start().path.exists()


def test_secrets_are_in_neither_the_file_nor_the_message(log):
    with pytest.raises(BuildError) as failed:
        log.run(["sh", "-c", "echo error: hunter22; exit 3"], 60)
    assert "hunter22" not in str(failed.value) + log.path.read_text()
    assert "sh exited with 3" in str(failed.value)


def test_a_build_that_takes_too_long_says_how_far_it_came(log):
    with pytest.raises(BuildError, match=r"it took longer than 1 s.*\n  waiting for the registry"):
        log.run(["sh", "-c", "echo waiting for the registry; exec sleep 60"], 1)


def test_only_a_few_logs_are_kept(tmp_path):
    for number in range(8):
        BuildLog(tmp_path, f"r{number}").start().run(["true"], 60)
        os.utime(tmp_path / f"r{number}.log", (number, number))
    assert sorted(os.listdir(tmp_path)) == [f"r{number}.log" for number in range(3, 8)]


def test_a_program_that_is_not_there_is_named(log):
    with pytest.raises(CommandError, match="no-such-program is not installed"):
        log.run(["no-such-program"], 60)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (BUILDKIT[:4], "backend build step 5 of 8"),
        (BUILDKIT[:6], "frontend build step 5 of 8"),
        (["#5 [2/3] RUN true"], "build step 2 of 3"),
        (["#5 [internal] load build context"], ""),
        ([], ""),
    ],
)
def test_the_step_at_work_is_named(lines, told):
    assert at_work(lines) == told


def test_a_build_is_told_while_it_runs(tmp_path):
    told = tmp_path / "progress"
    script = (
        "echo '#8 [backend build 5/8] RUN npm ci'; echo '#8 1.0 token pa55word'; "
        f"for i in $(seq 100); do grep -q 'step 5' {told} && exit 0; sleep 0.1; done; exit 1"
    )
    with reported("shop", detailed=True, path=told):
        BuildLog(tmp_path / "logs", "r1", ["pa55word"]).start().run(["sh", "-c", script], 20)
        text = told.read_text()
    assert "shop: | #8 [backend build 5/8] RUN npm ci" in text
    assert "shop: backend build step 5 of 8" in text
    assert "pa55word" not in text
