# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, links and directories that change together or not at all."""

from __future__ import annotations

import grp
import os
import shutil
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HIDDEN = "(not shown: sensitive)\n"


@dataclass(frozen=True)
class Entry:
    """What stands at a path. A text is a file, a target a link, neither of them a directory."""

    text: bytes | None = None
    target: str | None = None
    mode: int | None = None
    group: str = ""  # compared where one is asked for, and always brought back
    owner: int | None = None  # of files

    def shown(self, sensitive: bool) -> str:
        if self.target is not None:
            return f"-> {self.target}\n"
        if self.text is None:
            return "directory\n"
        return HIDDEN if sensitive else self.text.decode("utf-8", "replace")


@dataclass(frozen=True)
class Change:
    path: str
    before: Entry | None
    after: Entry | None
    sensitive: bool = False

    def diff(self) -> dict[str, str]:
        sides = {"before": self.before, "after": self.after}
        result = {}
        for side, entry in sides.items():
            group = f", group {entry.group}" if entry and self.after and self.after.group else ""
            owner = f", user {entry.owner}" if entry and entry.owner else ""  # root's is not worth a word
            mode = "" if entry is None or entry.mode is None else f" (mode {entry.mode:04o}{owner}{group})"
            result[side] = "" if entry is None else entry.shown(self.sensitive)
            result[f"{side}_header"] = f"{self.path}{mode}"
        return result


def look(path: str) -> Entry | None:
    """What stands at the path now. Anything but a file, a link or a directory is refused."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(status.st_mode):
        return Entry(target=os.readlink(path))
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISDIR(status.st_mode):
        return Entry(mode=mode)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is neither a file nor a link nor a directory. Move it away.")
    with open(path, "rb") as file:
        return Entry(text=file.read(), mode=mode, group=_group_name(status.st_gid), owner=status.st_uid)


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def changes(parameters: dict[str, Any]) -> list[Change]:
    """What must be done, in the order in which it can be done."""
    wanted: list[tuple[str, Entry | None, bool]] = [
        *((path, entry, False) for path, entry in _directories(parameters["directories"]).items()),
        *((path, None, False) for path in parameters["absent"]),
        *((item["path"], _file(item), False) for item in parameters["files"]),
        *((item["path"], _file(item), True) for item in parameters["secrets"]),
        *((item["path"], Entry(target=item["target"]), False) for item in parameters["links"]),
    ]
    kept = {item["path"] for item in parameters["files"] if not item["replace"]}
    found = [Change(path, look(path), entry, sensitive) for path, entry, sensitive in wanted]
    for change in found:
        _refuse_a_directory_in_the_way(change)
    return [c for c in found if not _is_as_declared(c) and not (c.path in kept and c.before is not None)]


def _is_as_declared(change: Change) -> bool:
    before, after = change.before, change.after
    return before == after or bool(before and after and not after.group and replace(before, group="") == after)


def _directories(items: Iterable[dict[str, Any]]) -> dict[str, Entry]:
    """Missing parents are changes of their own, so that an undo takes them away again."""
    found: dict[str, Entry] = {}
    for item in items:
        missing = [parent for parent in Path(item["path"]).parents if not os.path.lexists(parent)]
        for parent in reversed(missing):
            found.setdefault(str(parent), Entry(mode=0o755))
        found[item["path"]] = Entry(mode=int(item["mode"], 8))
    return found


def _file(item: dict[str, Any]) -> Entry:
    group = item.get("group") or ""
    if group and group not in [entry.gr_name for entry in grp.getgrall()]:
        raise ValueError(f"{item['path']}: there is no group {group}.")
    return Entry(text=item["content"].encode(), mode=int(item["mode"], 8), group=group, owner=os.geteuid())


def _refuse_a_directory_in_the_way(change: Change) -> None:
    is_directory = [_is_directory(entry) for entry in (change.before, change.after)]
    if change.before is not None and is_directory[0] != is_directory[1]:
        what = "is a directory" if is_directory[0] else "is not a directory"
        raise ValueError(f"{change.path} {what}. Move it away.")


def apply(wanted: Iterable[Change]) -> list[Change]:
    """Makes the changes. All new texts are on the disk before the first one counts, so that a full disk changes
    nothing; when one fails later, those before it are undone."""
    changes_wanted, done, ready = list(wanted), [], {}
    try:
        for change in changes_wanted:
            if _is_directory(change.after):
                _put(change.path, change.before, change.after)
                done.append(change)
            elif change.after and not _has_text_of(change.before, change.after):
                ready[change.path] = _prepare(change.path, change.after)
        for change in changes_wanted:
            if _is_directory(change.after):
                continue
            if change.path in ready:
                os.replace(ready[change.path], change.path)
                del ready[change.path]
            else:
                _put(change.path, change.before, change.after)
            done.append(change)
    except OSError:
        for temporary in ready.values():
            os.unlink(temporary)
        undo(done)
        raise
    return done


def _is_directory(entry: Entry | None) -> bool:
    return entry is not None and entry.text is None and entry.target is None


def _has_text_of(there: Entry | None, entry: Entry) -> bool:
    return there is not None and entry.text is not None and there.text == entry.text


def undo(done: list[Change]) -> None:
    for change in reversed(done):
        _put(change.path, change.after, change.before)


def _put(path: str, there: Entry | None, entry: Entry | None) -> None:
    if there and entry and _has_text_of(there, entry):
        # The same text keeps its date, by which others know whether they have read it.
        if entry.group:
            shutil.chown(path, group=int(entry.group) if entry.group.isdigit() else entry.group)
        if entry.owner != there.owner:
            os.chown(path, entry.owner, -1)
        os.chmod(path, entry.mode)
    elif entry is None:
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
    elif _is_directory(entry):
        os.makedirs(path, exist_ok=True)
        os.chmod(path, entry.mode)
    else:
        os.replace(_prepare(path, entry), path)


def _prepare(path: str, entry: Entry) -> str:
    """Puts the entry beside its path. Programs that read *.conf do not see the temporary name."""
    directory, name = os.path.split(path)
    if entry.target is not None:
        temporary = tempfile.mktemp(prefix=f".{name}.", dir=directory)
        os.symlink(entry.target, temporary)
        return temporary
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)  # mode 0600
    try:
        _fill(handle, temporary, entry)
    except OSError:
        os.unlink(temporary)
        raise
    return temporary


def _fill(handle: int, path: str, entry: Entry) -> None:
    with os.fdopen(handle, "wb") as file:
        file.write(entry.text)
        file.flush()
        if entry.group:
            shutil.chown(path, group=int(entry.group) if entry.group.isdigit() else entry.group)
        if entry.owner not in (None, os.geteuid()):  # what comes back
            os.fchown(handle, entry.owner, -1)
        os.fchmod(handle, entry.mode)
        os.fsync(handle)
