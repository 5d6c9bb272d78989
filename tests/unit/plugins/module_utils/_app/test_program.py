# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

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
