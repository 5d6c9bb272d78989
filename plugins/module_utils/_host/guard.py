# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change that must be proven from outside: until then a timer on the host, also after a reboot, takes it back."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from .files import Change

UNDO = Path("/var/lib/izzzi/undo")
UNDO_LOCK = "/run/izzzi-undo.lock"
UNITS = Path("/etc/systemd/system")
TIMER_UNIT = UNITS / "izzzi-undo.timer"
SERVICE_UNIT = UNITS / "izzzi-undo.service"
# Enabled by its link: systemctl enable and disable would make systemd read all units once more.
AT_BOOT = UNITS / "timers.target.wants" / TIMER_UNIT.name
UNDO_UNITS = (AT_BOOT, TIMER_UNIT, SERVICE_UNIT)
TIMER = """\
[Unit]
Description=Wait for the proof that this host still lets its operators in

[Timer]
OnActiveSec={seconds}
AccuracySec=1s
"""
SERVICE = f"""\
[Unit]
Description=Undo a change of the access to this host that was not proven in time

[Service]
Type=oneshot
ExecStart=/bin/sh {UNDO}/undo.sh
"""
SCRIPT = """\
# Brings the access to this host back to what it was before a change that nobody has proven.
exec 9>{lock}
flock 9
[ -d {undo} ] || exit 0
{steps}
rm -rf {undo}
rm -f {units}
logger -t izzzi 'a change of the access to this host was not proven in time and is undone'
systemctl stop --no-block izzzi-undo.timer
"""


def shell(command: str) -> subprocess.CompletedProcess:
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    return subprocess.run(
        ["/bin/sh", "-c", command],
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
        check=False,
    )


def must(command: str, what: str) -> None:
    """Run a command of the shell. Raise ValueError with its words when it fails."""
    done = shell(command)
    if done.returncode:
        said = (done.stderr or done.stdout).strip() or f"exit status {done.returncode} of {command}"
        raise ValueError(f"{what}: {said}")


@contextmanager
def locked(path: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def wait_for_other_change(seconds: int) -> None:
    """Wait until the guarded change of another run, or of a killed one, is proven or undone by its timer."""
    deadline = time.monotonic() + seconds + 30
    while UNDO.exists():
        if shell("systemctl is-active --quiet izzzi-undo.timer izzzi-undo.service").returncode:
            shell(f"/bin/sh {UNDO}/undo.sh")  # killed before its timer ran
        if time.monotonic() > deadline:
            raise ValueError(f"another change of the access waits for its proof; look at {UNDO} and izzzi-undo.timer.")
        time.sleep(0.5)


def arm(changes: Iterable[Change], undo_commands: Iterable[str], seconds: int) -> None:
    """Save what is there and what brings it back, on disk for the case of a reboot, and start the timer."""
    with locked(UNDO_LOCK):  # who ends another change holds it until that one's timer is gone
        try:
            _save(changes, undo_commands, seconds)
        except OSError:
            _remove_units()
            raise
        must("systemctl daemon-reload && systemctl start izzzi-undo.timer", "the undo timer")


def confirm() -> None:
    """Keep the change. Raise ValueError when its timer was first."""
    with locked(UNDO_LOCK):
        if not UNDO.exists():
            raise ValueError("the timer has undone the change before it was proven. Nothing is lost: run again.")
        shutil.rmtree(UNDO)
        shell("systemctl stop izzzi-undo.timer")
        _remove_units()
        shell("systemctl daemon-reload")


def undo() -> None:
    must(f"[ ! -d {UNDO} ] || systemctl start {SERVICE_UNIT.name}", "undo")


def _save(changes: Iterable[Change], undo_commands: Iterable[str], seconds: int) -> None:
    scratch = UNDO.with_name("undo.new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    steps = [*steps_back(changes, scratch, UNDO), *undo_commands]
    units = " ".join(map(str, UNDO_UNITS))
    text = SCRIPT.format(lock=UNDO_LOCK, undo=UNDO, units=units, steps="\n".join(steps))
    (scratch / "undo.sh").write_text(text)
    SERVICE_UNIT.write_text(SERVICE)
    TIMER_UNIT.write_text(TIMER.format(seconds=seconds))
    AT_BOOT.parent.mkdir(exist_ok=True)
    AT_BOOT.unlink(missing_ok=True)
    AT_BOOT.symlink_to(TIMER_UNIT)
    scratch.rename(UNDO)


def steps_back(changes: Iterable[Change], copies: Path, place: Path) -> list[str]:
    """Copy the old files, and return the shell's lines that bring all back once the copies are at `place`."""
    steps = []
    for number, change in enumerate(changes):
        path, before = quote(change.path), change.before
        if before is None:
            is_directory = change.after is not None and change.after.is_directory
            steps.append(f"{'rmdir --ignore-fail-on-non-empty' if is_directory else 'rm -f'} {path}")
        elif before.target is not None:
            steps.append(f"ln -sfn {quote(before.target)} {path}")
        elif before.has_content_of(change.after):
            steps.append(f"chown {before.owner}:{before.group} {path} && chmod {before.mode:o} {path}")
        else:
            shutil.copy2(change.path, copies / str(number))
            os.chown(copies / str(number), before.owner, before.group)
            steps.append(f"cp -p {place}/{number} {path}.izzzi && mv {path}.izzzi {path}")
    return steps[::-1]  # a directory after what was put into it


def _remove_units() -> None:
    """Remove what stands beside the saved files, also what a full disk has left half."""
    shutil.rmtree(UNDO.with_name("undo.new"), ignore_errors=True)
    for unit in UNDO_UNITS:
        unit.unlink(missing_ok=True)
