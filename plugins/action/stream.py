# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

ARGUMENT_SPEC = {"argv": {"type": "list", "elements": "str", "required": True}}
LAST = 5


@contextmanager
def ending_later() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back for a moment. A worker that dies while it hands a line over takes the lock of
    Ansible's queue with it, and then the run waits for ever."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stream(argv: Sequence[str], show: Callable[[str], None]) -> tuple[int, str]:
    """Show each line of a program as it comes; return its exit status, and its last words."""
    both = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    last: deque[str] = deque(maxlen=LAST)
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, **both, encoding="utf-8", errors="replace") as process:
        for line in process.stdout or ():
            last.append(line.rstrip("\r\n"))
            with ending_later():
                show(last[-1])
    return process.returncode, "\n".join(last)


class ActionModule(ActionBase):
    """Runs on the controller. Ansible ends the program with its own worker, as at Ctrl-C."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1]
        if self._task.check_mode:
            return {**result, "changed": False, "skipped": True}
        try:
            status, last = stream(arguments["argv"], Display().display)
        except OSError as error:
            raise AnsibleActionFail(f"{arguments['argv'][0]} cannot be run: {error.strerror}.") from None
        if status:
            raise AnsibleActionFail(f"{arguments['argv'][0]} ended with {status}:\n{last}")
        return {**result, "changed": False}
