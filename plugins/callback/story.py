# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: story
type: stdout
short_description: What a run does, phase by phase
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - One line for each change, and one for each phase with its time and the number of changes. A phase is a role, or the
    play for tasks outside of any role. Tasks that change nothing are not shown.
  - A run with C(--check) ends with a table of what would change in the cloud, on the hosts and of the app, of what new
    hosts become, and of what it all costs a month, when it has looked at more than one of these.
  - On a terminal, a last line shows what is at work and its seconds. The modules of this collection that take long say
    more there, such as the step of a build or how many containers are healthy; for that a second SSH connection reads a
    file on the host while such a task takes longer than 1.5 s.
  - Without a terminal, and in CI, there are plain lines only.
  - Failures, warnings, differences (C(--diff)) and messages of M(ansible.builtin.debug) are shown in full, as core
    shows them. A host that does not answer is one line where the task goes on without it (C(ignore_unreachable)).
  - With C(-v) every task is shown with its result, and the output of a build as it comes.
extends_documentation_fragment:
  - ansible.builtin.default_callback
  - ansible.builtin.result_format_callback
requirements:
  - set it in C(ansible.cfg) with C(stdout_callback = izzzi.infra.story)
"""

EXAMPLES = r"""
ansible.cfg: |
  [defaults]
  stdout_callback = izzzi.infra.story
"""

import os
import shutil
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field

from ansible import constants as C
from ansible import context
from ansible.errors import AnsibleError
from ansible.plugins.callback.default import CallbackModule as Default
from ansible.template import Templar

from ..module_utils._app.progress import OF_ROOT, place
from ..module_utils._host.ssh_command import ssh_command
from ..plugin_utils.live import Live
from ..plugin_utils.outlook import Outlook
from ..plugin_utils.told import away, change, plain, text

SHOWN = ("ansible.builtin.debug", "debug")  # what a playbook has to say to people
ASKING = ("ansible.builtin.pause", "pause", "izzzi.infra.ask")  # a line that moves would take away what somebody types
# The modules that write what they are at. `environment` runs on the controller.
REPORTING = {
    f"izzzi.infra.{name}"
    for name in (
        "app_image",
        "backup",
        "compose_take_over",
        "database_upgrade",
        "environment",
        "release",
        "swarm_stack",
    )
}
LOGIN = ("ansible_host", "ansible_user", "ansible_port", "ansible_ssh_private_key_file", "ansible_ssh_common_args")
HERE = ("localhost", "127.0.0.1")
OF_ARGUMENTS = ("argument_errors", "argument_spec_data", "validate_args_context")
WIDTH = 120  # of lines that stay


@dataclass
class Phase:
    """What one phase has done so far."""

    name: str
    began: float
    hosts: set[str] = field(default_factory=set)
    changes: int = 0
    foretold: int = 0  # by tasks that only check
    has_failed: bool = False


def closing(phase: Phase, now: float, width: int = WIDTH) -> str:
    """Return the line that ends a phase."""
    counts = [f"{phase.changes} changed"] if phase.changes or (phase.has_failed and not phase.foretold) else []
    changed = ", ".join([*counts, *([f"{phase.foretold} would change"] if phase.foretold else [])]) or "as declared"
    changed += ", failed" if phase.has_failed else ""
    hosts = f"{len(phase.hosts)} hosts" if len(phase.hosts) > 1 else next(iter(phase.hosts), "")
    return f"{phase.name:<32.32} {now - phase.began:6.1f} s  {changed:<20} {hosts}"[:width].rstrip()


def _width() -> int:
    """Return the terminal's width. It is asked again for every line, since a window changes."""
    return shutil.get_terminal_size().columns


def follow(variables) -> list[str]:
    """Return the command that reads what a host's module is at, as it comes. It ends with its reader or an hour."""
    if variables.get("ansible_connection") == "local":
        return ["timeout", "3600", "tail", "-qn1", "-F", str(place())]
    login = {
        "address": variables.get("ansible_host"),
        "user": variables.get("ansible_user"),
        "port": variables.get("ansible_port"),
        "key": variables.get("ansible_ssh_private_key_file"),
        "options": {"BatchMode": "yes", "LogLevel": "ERROR"},
        "arguments": [variables.get("ansible_ssh_common_args") or ""],
    }
    return ssh_command(login, f"exec timeout 3600 tail -qn1 -F {OF_ROOT}")


def is_terminal() -> bool:
    """Tell whether somebody watches: a terminal that is no CI's."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb") and not os.environ.get("CI")


class CallbackModule(Default):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "izzzi.infra.story"

    def __init__(self):
        super().__init__()
        self._clock = time.monotonic
        self._phase: Phase | None = None
        self._outlook = Outlook()
        self._begun = self._clock()
        detailed = self._is_detailed()
        self._live = Live(shows_line=is_terminal() and not detailed, shows_output=detailed, width=_width)

    def set_options(self, task_keys=None, var_options=None, direct=None):
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        if not self._is_detailed():
            self.set_option("display_skipped_hosts", False)

    # -- phases

    def _enter(self, name: str) -> None:
        if self._phase and self._phase.name == name:
            return
        self._leave()
        self._phase = Phase(name, self._clock())

    def _leave(self) -> None:
        if self._phase and self._phase.hosts:
            colour = C.COLOR_CHANGED if self._phase.changes + self._phase.foretold else C.COLOR_OK
            line = closing(self._phase, self._clock())
            self._say(line, C.COLOR_ERROR if self._phase.has_failed else colour)
        self._phase = None

    def _say(self, line: str, color: str | None = None) -> None:
        self._live.clear()
        self._display.display(line, color=color)

    def _is_detailed(self) -> bool:
        return self._display.verbosity > 0

    # -- what core calls

    def v2_playbook_on_play_start(self, play):
        self._live.clear()
        if self._is_detailed():
            super().v2_playbook_on_play_start(play)
        self._play = play

    def _task_start(self, task, prefix=None):
        name = task.get_name().strip()
        role = task._role.get_name().removeprefix("izzzi.infra.") if task._role else ""
        phase = role or self._play.get_name().strip()
        self._outlook.enter(role)
        if self._is_detailed():
            self._live.show(phase, plain(name))
            super()._task_start(task, prefix)
            return
        self._task_type_cache[task._uuid] = prefix or "TASK"
        self._last_task_name = name
        self._enter(phase)
        if task.action in ASKING and "seconds" not in task.args:
            self._live.hush()
        else:
            self._live.show(phase, plain(name))

    def v2_runner_on_start(self, host, task):
        super().v2_runner_on_start(host, task)
        if self._live.is_on and task.resolved_action in REPORTING:
            with suppress(AnsibleError, ValueError, KeyError):  # without it the line says less
                self._live.follow(host.get_name(), follow(self._login(host, task)))

    def _login(self, host, task) -> dict:
        """Return how the host of a task is reached."""
        if task.delegate_to in HERE or host.get_name() in HERE:
            return {"ansible_connection": "local"}
        found = self._play.get_variable_manager().get_vars(play=self._play, host=host, task=task)
        templar = Templar(loader=self._play.get_loader(), variables=found)
        return {name: templar.template(found[name]) for name in (*LOGIN, "ansible_connection") if name in found}

    def v2_runner_on_ok(self, result):
        self._live.forget(result.host.get_name())
        if result.task.check_mode:
            self._outlook.look(result.result)
        if self._is_detailed():
            super().v2_runner_on_ok(result)
            return
        self._note(result)
        self._live.clear()
        self._handle_warnings_and_exception(result)
        if result.task.loop and "results" in result.result:
            return  # each item has said so itself
        if result.task.action in SHOWN and "msg" in result.result and not result.result.get("_ansible_no_log"):
            self._say(text(result.result["msg"]))
        elif result.result.get("changed"):
            self._changed(result)

    def v2_runner_item_on_ok(self, result):
        if self._is_detailed():
            super().v2_runner_item_on_ok(result)
        elif result.task.action in SHOWN and "msg" in result.result:
            self._say(text(result.result["msg"]))
        elif result.result.get("changed"):
            self._changed(result, str(self._get_item_label(result.result)))

    def _changed(self, result, item: str = "") -> None:
        if self._phase:
            if result.task.check_mode:
                self._phase.foretold += 1
                self._outlook.change(result.host.get_name(), self._phase.name)
            else:
                self._phase.changes += 1
        task = plain(result.task.get_name().strip())
        self._say(change(result.host.get_name(), task, item, several=self._hosts() > 1), C.COLOR_CHANGED)

    def _hosts(self) -> int:
        """Return how many hosts the play has."""
        inventory = self._play.get_variable_manager()._inventory
        return len(inventory.get_hosts(self._play.hosts)) if inventory else 0

    def _note(self, result) -> None:
        if self._phase:
            self._phase.hosts.add(result.host.get_name())

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._live.forget(result.host.get_name())
        self._note(result)
        if self._phase and not ignore_errors:
            self._phase.has_failed = True
            self._outlook.fail()
        self._live.clear()
        super().v2_runner_on_failed(result, ignore_errors)

    def _dump_results(self, result, *arguments, **options):
        """Leave out the whole declaration of a role's inputs: the message names the one that is wrong."""
        return super()._dump_results({k: v for k, v in result.items() if k not in OF_ARGUMENTS}, *arguments, **options)

    def v2_runner_item_on_failed(self, result):
        self._live.clear()
        super().v2_runner_item_on_failed(result)

    def v2_runner_on_unreachable(self, result):
        self._live.forget(result.host.get_name())
        self._live.clear()
        if self._is_detailed() or not result.task.ignore_unreachable:
            super().v2_runner_on_unreachable(result)
        else:  # the task says that it goes on without such a host
            task = plain(result.task.get_name().strip())
            self._say(away(result.host.get_name(), task, result.result.get("msg", "")), C.COLOR_UNREACHABLE)

    def v2_runner_retry(self, result):
        if self._is_detailed():
            super().v2_runner_retry(result)

    def v2_playbook_on_include(self, included_file):
        if self._is_detailed():
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_no_hosts_matched(self):
        if self._is_detailed():
            super().v2_playbook_on_no_hosts_matched()

    def v2_on_file_diff(self, result):
        self._live.clear()
        super().v2_on_file_diff(result)

    def v2_playbook_on_stats(self, stats):
        self._live.end()
        if not self._is_detailed():
            self._leave()
            # A run that changes things has tasks that only look, too. plan.yml is a check without being called one.
            if context.CLIARGS.get("check") or self._outlook.cloud:
                for line in self._outlook.lines():
                    self._say(line)
        super().v2_playbook_on_stats(stats)
        self._display.display(f"{self._clock() - self._begun:.0f} s")
