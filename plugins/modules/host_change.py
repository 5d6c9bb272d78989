#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: host_change
short_description: Write files of a host as one change, apply it, and take it back when it is not proven
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Compares any number of files with what they should be, and writes those that differ. One task, one round trip.
  - Every new content is validated first. When a file cannot be written or the change cannot be applied, all files of
    the set are as they were before, and the module fails.
  - What must be done for a change to count (a reload) belongs to the set. A run that was killed before it did it is
    made good by the next one.
  - With O(guard_seconds) the change must be proven. A timer on the host undoes it, also after a reboot in between,
    unless O(proof) succeeds, or the module is called with O(state=confirmed), before.
options:
  state:
    description:
      - V(present) writes. V(confirmed) keeps a guarded change and stops its timer. V(undone) takes it back at once.
    type: str
    choices: [present, confirmed, undone]
    default: present
  files:
    description:
      - The files. Each has O(files[].path) and one of C(content), C(settings) (a dictionary of values to set on their
        lines in a file that exists, with C(separator)), C(link) (the target of a symbolic link), or nothing but
        C(mode).
      - Further keys are C(mode) (default C(0644)), C(owner) (default C(root)), C(state) (C(present) or C(absent)),
        C(validate) (a command with C(%s) for the new content) and C(apply) (names of O(apply)).
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
  apply:
    description:
      - What to do when files changed, in this order, by name. Each has C(command) (for the shell), and may have
        C(check) (when it fails the command is due even though no file changed) and C(undo) (instead of C(command),
        after the files came back).
    type: dict
    default: {}
  guard_seconds:
    description: How long the proof may take. 0 means that none is asked for.
    type: int
    default: 0
  proof:
    description:
      - A command for the controller that proves a guarded change, as a list of words; it is tried three times in half
        of O(guard_seconds). When it succeeds the change is kept, otherwise it is taken back and the task fails with
        the command's words.
      - Without it the change stays guarded until a later task confirms it or takes it back.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Close SSH to passwords, or leave it as it was
  izzzi.infra.host_change:
    guard_seconds: 60
    files:
      - path: /etc/ssh/sshd_config.d/00-keys-only.conf
        content: |
          PasswordAuthentication no
        apply: [sshd]
    apply:
      sshd:
        command: sshd -t && systemctl reload ssh
    # Not multiplexed: an old connection stays open whatever the new settings say.
    proof: [ssh, -oControlPath=none, -oBatchMode=yes, "{{ inventory_hostname }}", "true"]
"""

RETURN = r"""
changed_paths:
  description: The files that were written, or would be.
  returned: always
  type: list
  elements: str
applied:
  description: The names of what was applied, or would be.
  returned: always
  type: list
  elements: str
guarded:
  description: Whether the change still waits for a proof.
  returned: always
  type: bool
refusal:
  description: What O(proof) said when it failed. Empty when it succeeded.
  returned: when the change was guarded and O(proof) is given
  type: str
"""

import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._host import host_change as sets

ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["present", "confirmed", "undone"], "default": "present"},
    "files": {"type": "list", "elements": "dict", "default": []},
    "apply": {"type": "dict", "default": {}},
    "guard_seconds": {"type": "int", "default": 0},
    "proof": {"type": "list", "elements": "str"},  # the action runs it, on the controller
}
PENDING = Path("/var/lib/izzzi/pending")
UNDO_LOCK = "/run/izzzi-undo.lock"


class Failed(Exception):
    pass


def shell(command: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )


def must(command: str, what: str) -> None:
    done = shell(command)
    if done.returncode:
        raise Failed(f"{what}: {(done.stderr or done.stdout).strip() or f'exit status {done.returncode} of {command}'}")


@contextmanager
def locked(path: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def wait_for_other_change(seconds: int) -> None:
    """Another run, or a killed one, has a change that waits for its proof: it ends by that or by its timer."""
    deadline = time.monotonic() + seconds + 30
    while sets.UNDO.exists():
        if shell("systemctl is-active --quiet izzzi-undo.timer izzzi-undo.service").returncode:
            shell(f"/bin/sh {sets.UNDO}/undo.sh")  # killed before its timer ran
        if time.monotonic() > deadline:
            raise Failed(f"another change of the access waits for its proof; look at {sets.UNDO} and izzzi-undo.timer.")
        time.sleep(0.5)


def due(files: list[sets.File], apply: dict) -> list[str]:
    changed = {name for file in files if file.differs for name in file.apply}
    return [
        name
        for name, step in apply.items()
        if name in changed or (PENDING / name).exists() or (step.get("check") and shell(step["check"]).returncode)
    ]


def validate(files: list[sets.File], is_check: bool = False) -> None:
    """In a check also, but for programs that are yet to be installed."""
    problems = [problem for problem in map(sets.obstacle, files) if problem]
    if problems:
        raise Failed("; ".join(problems))
    for file in files:
        program = file.validate.split(" ", 1)[0]
        if is_check and not shutil.which(program):
            continue
        if file.validate and not file.absent and file.content_differs:
            with tempfile.NamedTemporaryFile("w", prefix="izzzi-", suffix=Path(file.path).name) as scratch:
                scratch.write(file.after or "")
                scratch.flush()
                must(file.validate.replace("%s", scratch.name), f"{file.path} would not be valid")


def settle(files: list[sets.File], names: list[str], apply: dict, seconds: int) -> bool:
    """Writes and applies; whatever goes wrong, the files and what runs are as before. Says whether a proof is due."""
    validate(files)
    guarded = bool(seconds and (files or names))
    undo = [apply[name].get("undo") or apply[name]["command"] for name in names]
    if guarded:
        with locked(UNDO_LOCK):  # who ends another change holds it until that one's timer is gone
            try:
                sets.arm(files, undo, seconds)
            except OSError:
                sets.disarm()
                raise
            must("systemctl daemon-reload && systemctl start izzzi-undo.timer", "the undo timer")
    try:
        PENDING.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in names:
            (PENDING / name).touch()
        for file in files:
            sets.write(file)
        for name in names:
            must(apply[name]["command"], f"{name} does not take the new settings, the old ones are back")
            (PENDING / name).unlink()
    except (OSError, Failed):
        if guarded:
            shell("systemctl start izzzi-undo.service")
        else:
            for file in files:
                sets.restore(file)
            for command in undo:
                shell(command)
        for name in names:
            (PENDING / name).unlink(missing_ok=True)
        raise
    return guarded


def confirm() -> None:
    with locked(UNDO_LOCK):
        if not sets.UNDO.exists():
            raise Failed("the timer has undone the change before it was proven. Nothing is lost: run again.")
        shutil.rmtree(sets.UNDO)
        shell("systemctl stop izzzi-undo.timer")
        sets.disarm()
        shell("systemctl daemon-reload")


def present(module: AnsibleModule) -> dict:
    params = module.params
    apply = params["apply"]
    with locked("/run/izzzi-host-change.lock"):
        if params["guard_seconds"] and not module.check_mode:
            wait_for_other_change(params["guard_seconds"])
        files = [file for file in map(sets.look, params["files"]) if file.differs]
        names = due(files, apply)
        result = {
            "changed": bool(files or names),
            "changed_paths": [file.path for file in files],
            "applied": names,
            "guarded": False,
            "diff": [file.diff for file in files],
        }
        if module.check_mode:
            validate(files, is_check=True)
        elif result["changed"]:
            result["guarded"] = settle(files, names, apply, params["guard_seconds"])
    return result


def words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename2 or error.filename or 'a file'} cannot be written: {error.strerror}"
    return str(error)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    result = {"changed": False, "changed_paths": [], "applied": [], "guarded": False}
    try:
        if module.params["state"] == "present":
            result = present(module)
        elif not module.check_mode and module.params["state"] == "confirmed":
            confirm()
        elif not module.check_mode:
            must("[ ! -d /var/lib/izzzi/undo ] || systemctl start izzzi-undo.service", "undo")
    except (OSError, Failed) as error:
        module.fail_json(msg=words(error), **{**result, "changed": False})
    module.exit_json(**result)


if __name__ == "__main__":
    main()
