# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.action.stream import stream


def test_lines_are_shown_while_the_program_runs():
    shown: list[tuple[str, float]] = []
    program = "import time; print('one', flush=True); time.sleep(0.5); print('two')"
    status, last = stream([sys.executable, "-c", program], lambda text: shown.append((text, time.monotonic())))
    (first, early), (second, late) = shown
    assert (status, first, second, last) == (0, "one", "two", "one\ntwo")
    assert late - early > 0.3


def test_a_program_that_fails_leaves_its_last_words():
    program = "import sys; [print(n, file=sys.stderr) for n in range(9)]; sys.exit(3)"
    status, last = stream([sys.executable, "-c", program], lambda text: None)
    assert (status, last.split()) == (3, ["4", "5", "6", "7", "8"])


@pytest.mark.parametrize("moment", [0.1, 0.37, 0.73])
def test_ctrl_c_ends_the_run_while_many_lines_come(moment, tmp_path):
    """The worker was killed with the lock of Ansible's queue, three times of four, and the run waited for ever."""
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"izzzi.infra.stream": {"argv": ["yes", "a line"]}}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    # Who runs the tests in the background has them ignore Ctrl-C, and so would every program that they start.
    heeding = ["env", "--default-signal=INT", Path(sys.executable).parent / "ansible-playbook", tmp_path / "play.yml"]
    with subprocess.Popen(heeding, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
        try:
            assert any(line == b"a line\n" for line in run.stdout)
            until = time.monotonic() + moment
            while time.monotonic() < until:
                os.read(run.stdout.fileno(), 65536)
            run.send_signal(signal.SIGINT)
            said, _nothing = run.communicate(timeout=20)
        finally:
            run.kill()  # or `with` would wait for ever
    assert (run.returncode, b"User interrupted execution" in said) == (99, True)
