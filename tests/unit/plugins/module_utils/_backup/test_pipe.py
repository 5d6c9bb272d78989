# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError
from ansible_collections.izzzi.infra.plugins.module_utils._backup.pipe import pipe


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


ECHO = python("import sys; print(sys.stdin.read().upper())")


def test_what_one_writes_the_other_reads():
    assert pipe(python("import os; print(os.environ['A'])"), ECHO, timeout=20, env={"A": "b"}) == "B\n\n"


@pytest.mark.parametrize(
    ("producer", "consumer", "told"),
    [
        ("import sys; print('half'); sys.exit('torn')", "import sys; sys.stdin.read()", "torn"),
        ("import sys; sys.exit('torn')", "import sys; sys.stdin.read(); sys.exit('no end')", "torn"),
        ("print('x' * 10**7)", "import sys; sys.exit('refused')", "refused"),
    ],
)
def test_either_failure_counts_and_the_cause_is_named(producer, consumer, told):
    quiet = "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); "
    with pytest.raises(CommandError, match=told):
        pipe(python(quiet + producer), python(consumer), timeout=20)


def test_a_program_that_hangs_is_ended():
    with pytest.raises(CommandError, match="longer than 1 s"):
        pipe(python("print()"), python("import time; time.sleep(60)"), timeout=1)
