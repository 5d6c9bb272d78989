# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from contextlib import suppress

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError, run


def python(code: str, **options) -> str:
    return run([sys.executable, "-c", code], **options)


def test_a_program_that_fails_is_quoted_with_its_last_words():
    with pytest.raises(CommandError) as raised:
        python("import sys; [print('line', n) for n in range(99)]; sys.exit(3)")
    text = str(raised.value)
    assert "exited with 3" in text
    assert "line 98" in text
    assert "line 1\n" not in text


def test_a_program_that_hangs_is_ended():
    with pytest.raises(CommandError, match="took longer than 1 s"):
        python("import time; time.sleep(60)", timeout=1)


def test_a_missing_program_is_named():
    with pytest.raises(CommandError, match="/nowhere/docker is not installed"):
        run(["/nowhere/docker"])


def test_a_program_that_takes_too_long_is_quoted():
    with pytest.raises(CommandError, match=r"took longer than 1 s\.\ntrying\nno such key"):
        run(["sh", "-c", "echo trying; echo no such key >&2; exec sleep 30"], timeout=1)


NOT_BEGUN = "OCI runtime exec failed: unable to start container process: read init-p: connection reset by peer"


def tried(tmp_path, said: str, **options) -> int:
    """Return how often a program was started that says this, and fails, until the second time."""
    count = tmp_path / "count"
    code = f"echo try >> {count}; [ $(wc -l < {count}) = 1 ] || exit 0; echo '{said}'; exit 126"
    with suppress(CommandError):
        run(["sh", "-c", code], **options)
    return len(count.read_text().splitlines())


def test_a_program_that_docker_could_not_begin_is_begun_again(tmp_path):
    assert tried(tmp_path, NOT_BEGUN) == 2


def test_a_program_that_began_is_not_begun_again(tmp_path):
    assert tried(tmp_path, f"migrating\n{NOT_BEGUN}") == 1


def test_what_was_read_from_a_file_is_not_begun_again(tmp_path):
    given = tmp_path / "given"
    given.write_text("DROP TABLE notes")
    with given.open() as file:
        assert tried(tmp_path, NOT_BEGUN, stdin=file) == 1
