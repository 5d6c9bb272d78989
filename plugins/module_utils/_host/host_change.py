# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a host as one change: compare, write all or none, take back. Knows nothing of Ansible."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class File:
    """One path as it is and as it should be. None as content: no file, or (for `after`) a content left alone."""

    path: str
    before: str | None
    after: str | None
    mode_before: int | None
    mode: int | None
    owner: str = "root"
    validate: str = ""
    apply: tuple[str, ...] = ()
    absent: bool = False
    link: bool = False
    uid_before: int | None = None
    wrong_owner: bool = False

    @property
    def content_differs(self) -> bool:
        if self.absent:
            return self.mode_before is not None
        return self.after is not None and self.before != self.after

    @property
    def differs(self) -> bool:
        wrong_mode = self.mode is not None and self.mode_before not in (None, self.mode)
        return self.content_differs or wrong_mode or self.wrong_owner

    @property
    def diff(self) -> dict[str, str]:
        if self.content_differs:
            return {
                "before_header": self.path,
                "after_header": self.path,
                "before": self.before or "",
                "after": "" if self.absent else self.after or "",
            }
        return {
            "before_header": self.path,
            "after_header": self.path,
            "before": f"mode {self.mode_before or 0:04o}\n" + (f"user {self.uid_before}\n" if self.wrong_owner else ""),
            "after": f"mode {self.mode or 0:04o}\n" + (f"user {self.owner}\n" if self.wrong_owner else ""),
        }


def look(item: dict[str, Any]) -> File:
    """Reads the path that an item of the argument `files` declares."""
    path = item["path"]
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        status = None
    before = _content(path, status)
    after = item.get("content")
    link = item.get("link")
    if item.get("settings"):
        after = merge(before or "", item["settings"], item.get("separator") or " ")
        if before is None:
            after = None  # a file of somebody else is edited, never made
    mode = None if link or (after is None and status is None) else int(item.get("mode") or "0644", 8)
    if item.get("settings") and not item.get("mode"):
        mode = stat.S_IMODE(status.st_mode) if status else None
    # Where nothing but a mode is declared, the owner is left alone, unless it is declared too.
    is_owned = not link and item.get("state") != "absent" and (after is not None or item.get("owner"))
    return File(
        path=path,
        before=before,
        after=link or after,
        mode_before=None if status is None else stat.S_IMODE(status.st_mode),
        mode=None if item.get("state") == "absent" or link else mode,
        owner=item.get("owner") or "root",
        validate=item.get("validate") or "",
        apply=tuple(item.get("apply") or ()),
        absent=item.get("state") == "absent",
        link=bool(link),
        uid_before=None if status is None else status.st_uid,
        wrong_owner=bool(is_owned and status and not _belongs(status, item.get("owner") or "root")),
    )


def _belongs(status: os.stat_result, owner: str) -> bool:
    try:
        return stat.S_ISLNK(status.st_mode) or status.st_uid == pwd.getpwnam(owner).pw_uid
    except KeyError:  # a check, before the user is made
        return True


def _content(path: str, status: os.stat_result | None) -> str | None:
    if status is None or stat.S_ISDIR(status.st_mode):
        return None
    if stat.S_ISLNK(status.st_mode):
        return os.readlink(path)
    return Path(path).read_text(encoding="utf-8", errors="surrogateescape")


def merge(text: str, settings: dict[str, Any], separator: str) -> str:
    """The text with each setting on its one line; a commented line is where a new one goes."""
    for name, value in settings.items():
        line = f"{name}{separator}{value}"
        blank = re.escape(separator.strip()) or r"\s"
        active = re.compile(rf"^[ \t]*{re.escape(name)}[ \t]*{blank}.*$", re.MULTILINE)
        comment = re.compile(rf"^#[ \t]?{re.escape(name)}[ \t]*{blank}[ \t]*\S+[ \t]*$", re.MULTILINE)  # no prose
        for pattern in (active, comment):
            text, count = pattern.subn(lambda _, line=line: line, text, count=1)
            if count:
                break
        else:
            text = f"{text.rstrip()}\n{line}\n" if text.strip() else f"{line}\n"
    return text


def obstacle(file: File) -> str:
    """Why the path cannot be written, asked before anything is: a read-only file system, an immutable file."""
    is_directory = os.path.isdir(file.path) and not os.path.islink(file.path)
    if is_directory and (file.after is not None or file.absent):
        return f"{file.path} is a directory. Move it away."
    folder = Path(file.path).parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return f"{folder} cannot be written (read-only file system?)"
    if file.mode_before is None or file.link or os.path.islink(file.path) or os.path.isdir(file.path):
        return ""
    try:
        os.close(os.open(file.path, os.O_WRONLY))
    except OSError as error:
        return f"{file.path} cannot be written: {error.strerror} (is it immutable? lsattr {file.path})"
    return ""


def write(file: File) -> None:
    """Replaces the path at once: a reader sees the old content or the new one."""
    if file.absent:
        os.unlink(file.path)
    elif file.content_differs:
        _replace(file.path, file.after or "", file.mode, file.owner, file.link)
    else:
        if file.wrong_owner:
            os.chown(file.path, pwd.getpwnam(file.owner).pw_uid, -1)
        os.chmod(file.path, file.mode or 0)


def restore(file: File) -> None:
    if file.before is None and file.mode_before is None:
        Path(file.path).unlink(missing_ok=True)
    elif file.before is not None and (file.content_differs or file.absent):
        _replace(file.path, file.before, file.mode_before, file.owner, file.link)
    elif file.mode_before is not None:
        os.chmod(file.path, file.mode_before)
    if file.wrong_owner:
        os.chown(file.path, file.uid_before, -1)


def _replace(path: str, content: str, mode: int | None, owner: str, link: bool) -> None:
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder, mode=0o755 if owner == "root" else 0o700)
        if owner != "root":
            shutil.chown(folder, owner, pwd.getpwnam(owner).pw_gid)
    if link:
        name = tempfile.mktemp(dir=folder, prefix=".izzzi-")
        os.symlink(content, name)
        os.replace(name, path)
        return
    handle, name = tempfile.mkstemp(dir=folder, prefix=".izzzi-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode if mode is not None else 0o644)
        user = pwd.getpwnam(owner)
        os.chown(name, user.pw_uid, user.pw_gid if owner != "root" else grp.getgrnam("root").gr_gid)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


UNDO = Path("/var/lib/izzzi/undo")
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
exec 9>/run/izzzi-undo.lock
flock 9
[ -d {undo} ] || exit 0
{steps}
rm -rf {undo}
rm -f {units}
logger -t izzzi 'a change of the access to this host was not proven in time and is undone'
systemctl stop --no-block izzzi-undo.timer
"""


def arm(files: list[File], undo_commands: list[str], seconds: int) -> None:
    """Saves the old files and what brings them back. On disk, so that a reboot in between does not lose it."""
    scratch = UNDO.with_name("undo.new")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700, parents=True)
    steps = []
    for number, file in enumerate(files):
        if file.mode_before is None:
            steps.append(f"rm -f '{file.path}'")
            continue
        if os.path.isdir(file.path):
            steps.append(f"chown {file.uid_before} '{file.path}' && chmod {file.mode_before:o} '{file.path}'")
            continue
        shutil.copy2(file.path, scratch / str(number))
        os.chown(scratch / str(number), os.stat(file.path).st_uid, os.stat(file.path).st_gid)
        steps.append(f"cp -p {UNDO}/{number} '{file.path}.izzzi' && mv '{file.path}.izzzi' '{file.path}'")
    steps += undo_commands
    script = SCRIPT.format(undo=UNDO, units=" ".join(map(str, UNDO_UNITS)), steps="\n".join(steps))
    (scratch / "undo.sh").write_text(script)
    SERVICE_UNIT.write_text(SERVICE)
    TIMER_UNIT.write_text(TIMER.format(seconds=seconds))
    AT_BOOT.parent.mkdir(exist_ok=True)
    AT_BOOT.unlink(missing_ok=True)
    AT_BOOT.symlink_to(TIMER_UNIT)
    scratch.rename(UNDO)


def disarm() -> None:
    """Removes what stands beside the saved files, also what a full disk has left half."""
    shutil.rmtree(UNDO.with_name("undo.new"), ignore_errors=True)
    for unit in UNDO_UNITS:
        unit.unlink(missing_ok=True)
