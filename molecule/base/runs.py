"""Runs of a playbook that get into each other's way on one host: runs.py INVENTORY PLAYBOOK HOST.

The first is killed when the access to the host is changed and not proven yet. Then two start at once, and both must
succeed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

COMMAND = ["ansible-playbook", "-i", *sys.argv[1:3], "--limit", sys.argv[3]]
OPTIONS = {
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "stdin": subprocess.DEVNULL,
    "text": True,
    "env": {**os.environ, "PYTHONUNBUFFERED": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"},
}


def kill_at(moment: str) -> None:
    with subprocess.Popen([*COMMAND, "-e", "base_proof_seconds=8"], start_new_session=True, **OPTIONS) as run:
        said = ""
        for line in run.stdout:
            said += line
            if line.startswith("TASK") and moment in line:
                os.killpg(run.pid, signal.SIGKILL)
                return
    sys.exit(f"it ended before the task {moment}:\n{said}")


kill_at("Prove a new login")
runs = [subprocess.Popen(COMMAND, **OPTIONS) for _ in range(2)]
with ThreadPoolExecutor() as pool:
    said = list(pool.map(lambda run: run.communicate()[0], runs))
if failed := [text for run, text in zip(runs, said, strict=True) if run.returncode]:
    sys.exit("\n".join(failed))
