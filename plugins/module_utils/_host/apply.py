# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of files and the commands by which they count: judged, made and applied, or everything as it was."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from . import guard
from .files import Change, obstacle, put, undo

PENDING = Path("/var/lib/izzzi/pending")
BACK = "Everything is as it was."
UNCHANGED = "Nothing was to be changed."


def due(wanted: list[Change], apply: dict) -> list[str]:
    changed = {name for change in wanted for name in change.apply}
    return [
        name
        for name, step in apply.items()
        if name in changed or (PENDING / name).exists() or (step.get("check") and guard.shell(step["check"]).returncode)
    ]


def judge_each(wanted: list[Change], is_check: bool) -> None:
    """Before anything is written. In a check also, but for programs that are yet to be installed."""
    if problems := list(filter(None, map(obstacle, wanted))):
        raise ValueError("; ".join(problems))
    for change in wanted:
        program = change.validate.split(" ", 1)[0]
        if change.validate and change.has_new_text and not (is_check and not shutil.which(program)):
            with tempfile.NamedTemporaryFile(prefix="izzzi-", suffix=Path(change.path).name) as scratch:
                scratch.write(change.after.text)
                scratch.flush()
                guard.must(change.validate.replace("%s", scratch.name), f"{change.path} would not be valid")


def objection(command: list[str]) -> str | None:
    """Return the words with which the command refuses the new state."""
    try:
        # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
        result = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        return f"{command[0]} cannot be run: {error.strerror}."
    if result.returncode == 0:
        return None
    return (result.stderr.strip() or result.stdout.strip()) or f"{command[0]} ended with {result.returncode}."


def settle(wanted: list[Change], names: list[str], params: dict[str, Any]) -> bool:
    """Write and apply; whatever goes wrong, the files and what runs are as before. Say whether a proof is due."""
    apply, guarded, done = params["apply"], bool(params["guard_seconds"] and (wanted or names)), []
    commands_back = [apply[name].get("undo") or apply[name]["command"] for name in names]
    if guarded:
        guard.arm(wanted, commands_back, params["guard_seconds"])
    try:
        if names:
            PENDING.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            (PENDING / name).touch()
        done = put(wanted)
        if params["validate"] and (words := objection(params["validate"])) is not None:
            raise ValueError(f"{words}\n{BACK if wanted else UNCHANGED}")
        for name in names:
            guard.must(apply[name]["command"], f"{name} does not take the new settings, the old ones are back")
            (PENDING / name).unlink()
    except (OSError, ValueError):
        if guarded:
            guard.shell("systemctl start izzzi-undo.service")
        else:
            undo(done)
            for command in commands_back:
                guard.shell(command)
        for name in names:
            (PENDING / name).unlink(missing_ok=True)
        raise
    return guarded
