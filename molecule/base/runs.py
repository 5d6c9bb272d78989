# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of a playbook that get into each other's way: runs.py INVENTORY PLAYBOOK HOST,HOST.

The first is killed when the access to every host is changed and not proven yet. Then two start at once, and both must
succeed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

COMMAND = ["ansible-playbook", "-i", *sys.argv[1:3], "--limit", sys.argv[3]]
OPTIONS = {
    "stdout": subprocess.PIPE,
    "stderr": subprocess.STDOUT,
    "stdin": subprocess.DEVNULL,
    "text": True,
    "env": {**os.environ, "PYTHONUNBUFFERED": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"},
}

# In place of ssh: the login that is to prove the change tells who asked for it, and never succeeds.
WAITING_SSH = """#!/bin/sh
case "$*" in *ControlPath=none*) touch {folder}/$PPID.worker; sleep 60; exit 1 ;; esac
exec ssh "$@"
"""


def kill_while_proving(folder: Path) -> None:
    waiting_ssh, log = folder / "ssh", folder / "log"
    waiting_ssh.write_text(WAITING_SSH.format(folder=folder))
    waiting_ssh.chmod(0o755)
    more = ["-e", "base_proof_seconds=20", "-e", f"ansible_ssh_executable={waiting_ssh}"]
    with log.open("w") as output, subprocess.Popen([*COMMAND, *more], **OPTIONS | {"stdout": output}) as run:
        for _ in range(600):
            workers = [int(path.stem) for path in folder.glob("*.worker")]
            if len(workers) == len(sys.argv[3].split(",")):
                for process in [run.pid, *workers]:  # a worker that outlives its run would take the change back
                    os.kill(process, signal.SIGKILL)
                return
            if run.poll() is not None:
                break
            time.sleep(0.2)
    sys.exit(f"it did not come to the proof on all hosts:\n{log.read_text()}")


with tempfile.TemporaryDirectory() as scratch:
    kill_while_proving(Path(scratch))
runs = [subprocess.Popen(COMMAND, **OPTIONS) for _ in range(2)]
with ThreadPoolExecutor() as pool:
    said = list(pool.map(lambda run: run.communicate()[0], runs))
if failed := [text for run, text in zip(runs, said, strict=True) if run.returncode]:
    sys.exit("\n".join(failed))
