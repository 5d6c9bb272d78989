# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.izzzi.infra.plugins.plugin_utils import preload

# In a process of its own, since what is prepared stays.
BEGIN = """
import os, signal, sys, tempfile, time
sys.path.insert(0, {path!r})
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([{path!r}])
import jinja2
from ansible_collections.izzzi.infra.plugins.plugin_utils import preload
"""
SHOWS = """
before = jinja2.Environment.compile
{change}
preload.preload()
first = jinja2.Environment.compile
preload.preload()
print(first is not before, jinja2.Environment.compile is first)
if not os.fork():
    os._exit(0)
print(os.waitstatus_to_exitcode(os.wait()[1]), "ansible.galaxy.collection" in sys.modules)
"""


def shown(change: str = "") -> str:
    return run(SHOWS.format(change=change)).stdout


def run(script: str) -> subprocess.CompletedProcess[str]:
    collections = Path(preload.__file__).parents[5]  # where ansible_collections is
    command = [sys.executable, "-c", BEGIN.format(path=str(collections)) + script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


def test_it_prepares_once_and_leaves_collections_to_runs_with_mitogen():
    assert shown() == "True True\n0 False\n"


def test_with_mitogen_collections_are_found_before_the_first_fork():
    assert shown("sys.modules['ansible_mitogen.planner'] = None") == "True True\n0 True\n"


def test_without_room_for_a_file_each_process_compiles_for_itself():
    change = "import errno\ndef none(*a, **k): raise OSError(errno.ENOSPC, 'no')\ntempfile.TemporaryFile = none"
    assert shown(change) == "False True\n0 False\n"


INTERRUPTED = """
asked = []
def prepare():
    if not asked:
        asked.append(1)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
preload._before_each_fork(prepare)
start = time.monotonic()
try:
    for _task in range(2):
        if not os.fork():
            os._exit(0)
    time.sleep(5)
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 4)
"""


def test_a_ctrl_c_that_comes_while_a_fork_is_prepared_is_not_lost():
    ran = run(INTERRUPTED)
    assert (ran.stdout, ran.stderr) == ("interrupted True\n", "")
