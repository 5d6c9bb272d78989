# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess
import time

from ansible.plugins.action import ActionBase

TRIES = 3
PAUSE_SECONDS = 2


def refusal(command: list[str], seconds: float) -> str | None:
    """What the command said when it did not succeed in time; None when it did."""
    deadline = time.monotonic() + seconds
    said = ""
    for number in range(TRIES):
        if number:
            time.sleep(min(PAUSE_SECONDS, max(0.0, deadline - time.monotonic())))
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
                check=False,
                timeout=max(0.1, deadline - time.monotonic()),
            )
        except subprocess.TimeoutExpired:
            return said or f"no answer within {seconds:.0f} seconds"
        except OSError as error:
            return f"{command[0]}: {error.strerror}"
        if done.returncode == 0:
            return None
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode}"
    return said


class ActionModule(ActionBase):
    """Change, proof and confirmation within one task of one host, so that hosts need not wait for each other.

    As tasks of their own they would be in step over all hosts: two runs at once could each hold a host that the other
    one waits for.
    """

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        proof = arguments.pop("proof", None)
        result = self._on_host(arguments, task_vars)
        if not proof or not result.get("guarded"):
            return result
        # Half of the time is the host's: it must hear of the proof before its timer ends.
        said = refusal([str(word) for word in proof], int(arguments["guard_seconds"]) / 2)
        ending = self._on_host({"state": "undone" if said else "confirmed"}, task_vars)
        if ending.get("unreachable"):
            return ending
        if said:
            late = ending.get("failed", False)  # then it is the host's timer that takes it back
            more = f" The host has not taken the change back yet: {ending.get('msg')}" if late else ""
            return result | {
                "failed": True,
                "changed": False,
                "guarded": late,
                "refusal": said,
                "msg": f"The proof failed: {said}{more}",
            }
        return ending if ending.get("failed") else result | {"guarded": False, "refusal": ""}

    def _on_host(self, arguments: dict, task_vars: dict | None) -> dict:
        return self._execute_module(module_args=arguments, task_vars=task_vars)
