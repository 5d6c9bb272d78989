# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs Ansible here, for the lines of history that modules write on hosts."""

from __future__ import annotations

import getpass
import hashlib
import os
import platform
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ansible import context
from ansible.plugins.action import ActionBase

# Where a run of CI shows what it did, by the variables of GitLab, Jenkins, Buildkite, CircleCI, Drone and Woodpecker.
PAGES = ("CI_JOB_URL", "CI_PIPELINE_URL", "BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL", "DRONE_BUILD_LINK")
GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")


def ci_page(environ: Mapping[str, str]) -> str:
    """Return the address of the CI's run, empty on a person's own machine. Pure."""
    if all(environ.get(name) for name in GITHUB):
        return "{}/{}/actions/runs/{}".format(*(environ[name] for name in GITHUB))
    return next((environ[name] for name in PAGES if environ.get(name)), "")


def author(environ: Mapping[str, str], directory: Path) -> str:
    """Return the author that git would note for a commit in the checkout, `Ada <ada@example.com>`, as far as known."""
    known = _git(directory)
    name = environ.get("GIT_AUTHOR_NAME") or known.get("user.name", "")
    email = environ.get("GIT_AUTHOR_EMAIL") or known.get("user.email", "")
    return " ".join(filter(None, (name, f"<{email}>" if email else "")))


def _git(directory: Path) -> dict[str, str]:
    """Return name and email as git has them; of several, as git does, the last."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "-C", str(directory), "config", "--get-regexp", r"^user\.(name|email)$"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False).stdout
        return {key: value.strip() for key, _blank, value in (line.partition(" ") for line in said.splitlines())}
    return {}


def user(environ: Mapping[str, str]) -> str:
    with suppress(KeyError, OSError, ImportError):
        return environ.get("USER") or getpass.getuser()
    return ""


def began(process: int, proc: Path = Path("/proc")) -> tuple[str, float]:
    """Return when a process has begun, in ticks since the start of the machine, and how many seconds ago that was. A
    machine without /proc does not say."""
    with suppress(OSError, ValueError, IndexError):
        ticks = (proc / str(process) / "stat").read_text().rpartition(")")[2].split()[19]
        uptime = float((proc / "uptime").read_text().split()[0])
        return ticks, max(0.0, uptime - int(ticks) / os.sysconf("SC_CLK_TCK"))
    return "", 0.0


def who(directory: Path, verb: str, process: int) -> dict[str, str | float]:
    """Return who runs a verb: user, host, author of the checkout, page of the CI; the run, by a name of its own; and
    how many seconds ago that has begun. `process` is Ansible's own."""
    ticks, seconds = began(process)
    run = hashlib.sha256(f"{platform.node()} {process} {ticks}".encode()).hexdigest()[:12]
    found = {"user": user(os.environ), "host": platform.node(), "author": author(os.environ, directory)}
    found |= {"ci": ci_page(os.environ), "verb": verb, "run": run}
    return {**{key: value for key, value in found.items() if value}, "seconds": round(seconds, 1)}


class RecordedAction(ActionBase):
    """Hands a module who runs it, unless the task says so itself. A task runs in a process of its own, whose parent is
    Ansible's."""

    def run(self, tmp=None, task_vars=None):
        super().run(tmp, task_vars)
        typed = [Path(name).stem for name in context.CLIARGS.get("args") or [] if str(name).endswith((".yml", ".yaml"))]
        directory = Path((task_vars or {}).get("inventory_dir") or os.getcwd())
        known = {"who": who(directory, typed[0] if typed else "", os.getppid())}
        return self._execute_module(module_args={**known, **self._task.args}, task_vars=task_vars)
