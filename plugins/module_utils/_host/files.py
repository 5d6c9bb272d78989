# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, links and directories that change together or not at all: look, compare, put, undo."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HIDDEN = "(not shown: sensitive)\n"


@dataclass(frozen=True)
class Entry:
    """What stands at a path. A text is a file, a target a link, neither of them a directory. In what is wanted, None as
    mode, owner (a uid) or group (a gid) leaves it as it is."""

    text: bytes | None = None
    target: str | None = None
    mode: int | None = None
    owner: int | None = None
    group: int | None = None

    @property
    def is_directory(self) -> bool:
        return self.text is None and self.target is None

    def has_content_of(self, other: Entry | None) -> bool:
        return other is not None and (self.text, self.target) == (other.text, other.target)

    def over(self, there: Entry) -> Entry:
        """Return the entry with what it leaves as it is."""
        left = {name: getattr(there, name) for name in ("mode", "owner", "group") if getattr(self, name) is None}
        return replace(self, **left)

    def shown(self, is_sensitive: bool) -> str:
        if self.target is not None:
            return f"-> {self.target}\n"
        if self.text is None:
            return "directory\n"
        return HIDDEN if is_sensitive else self.text.decode("utf-8", "replace")

    def described(self, asked: Entry) -> str:
        """Return the attributes in words, of those that `asked` has. That root is the owner is not worth a word."""
        words = [f"mode {self.mode:04o}"] if None not in (self.mode, asked.mode) else []
        words += [f"user {_name(pwd.getpwuid, self.owner)}"] if self.owner and asked.owner is not None else []
        words += [f"group {_name(grp.getgrgid, self.group)}"] if None not in (self.group, asked.group) else []
        return ", ".join(words)


@dataclass(frozen=True)
class Change:
    """One path as it is and as it should be; None: nothing is there. `apply` has names of what is due with it."""

    path: str
    before: Entry | None
    after: Entry | None
    is_sensitive: bool = False
    validate: str = ""
    apply: tuple[str, ...] = ()

    @property
    def is_due(self) -> bool:
        if self.before is None or self.after is None:
            return self.before != self.after
        return self.after.over(self.before) != self.before

    @property
    def has_new_text(self) -> bool:
        return self.after is not None and self.after.text is not None and not self.after.has_content_of(self.before)

    def diff(self) -> dict[str, str]:
        result, words = {}, {}
        for side, entry in (("before", self.before), ("after", self.after)):
            words[side] = entry.described(self.after or entry) if entry else ""
            result[side] = entry.shown(self.is_sensitive) if entry else ""
            result[f"{side}_header"] = f"{self.path} ({words[side]})" if words[side] else self.path
        if result["before"] == result["after"]:  # a difference of headers alone is not shown
            after = f"{words['after']}\n" + ("another text\n" if self.has_new_text else "")
            result |= {"before": f"{words['before']}\n", "after": after}
        return result


def _name(find: Callable[[int], Any], number: int) -> str:
    try:
        return find(number)[0]
    except KeyError:
        return str(number)


def look(path: str) -> Entry | None:
    """Return what stands at the path now. Anything but a file, a link or a directory is a ValueError."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    attributes = {"mode": stat.S_IMODE(status.st_mode), "owner": status.st_uid, "group": status.st_gid}
    if stat.S_ISLNK(status.st_mode):
        return Entry(target=os.readlink(path))
    if stat.S_ISDIR(status.st_mode):
        return Entry(**attributes)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is neither a file nor a link nor a directory. Move it away.")
    return Entry(text=Path(path).read_bytes(), **attributes)


def in_the_way(change: Change) -> str:
    """Say that a directory stands where something else should, or the other way round."""
    before, after = change.before, change.after
    if before is None or before.is_directory == (after is not None and after.is_directory):
        return ""
    return f"{change.path} {'is' if before.is_directory else 'is not'} a directory. Move it away."


def obstacle(change: Change) -> str:
    """Say why the path cannot be written, before anything is: a read-only file system, an immutable file."""
    folder = Path(change.path).parent
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return f"{folder} cannot be written (read-only file system?)"
    if change.before is None or change.before.text is None:
        return ""
    try:
        os.close(os.open(change.path, os.O_WRONLY))
    except OSError as error:
        return f"{change.path} cannot be written: {error.strerror} (is it immutable? lsattr {change.path})"
    return ""


def put(wanted: Iterable[Change]) -> list[Change]:
    """Make the changes and return them. All new texts are on the disk before the first one counts, so that a full disk
    changes nothing; when one fails later, those before it are undone."""
    wanted, done, ready = list(wanted), [], {}
    try:
        for change in wanted:
            if change.after and change.after.is_directory:
                _put(change.path, change.before, change.after)
                done.append(change)
            elif change.has_new_text:
                ready[change.path] = _prepare(change.path, change.after)
        for change in wanted:
            if change.after and change.after.is_directory:
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


def undo(done: list[Change]) -> None:
    for change in reversed(done):
        _put(change.path, change.after, change.before)


def _put(path: str, there: Entry | None, entry: Entry | None) -> None:
    if entry is None and os.path.isdir(path) and not os.path.islink(path):
        with contextlib.suppress(OSError):  # somebody else has put something there
            os.rmdir(path)
    elif entry is None:
        Path(path).unlink(missing_ok=True)
    elif entry.is_directory:
        os.makedirs(path, exist_ok=True)
        _set_attributes(path, entry)
    elif entry.text is not None and entry.has_content_of(there):
        _set_attributes(path, entry)  # the same text keeps its date, by which others know whether they have read it
    else:
        os.replace(_prepare(path, entry), path)


def _set_attributes(path: str | int, entry: Entry) -> None:
    """The group of what is new and somebody else's is that user's own."""
    owner, group = entry.owner, entry.group
    if group is None and owner not in (None, os.geteuid()):
        with contextlib.suppress(KeyError):
            group = pwd.getpwuid(owner).pw_gid
    if owner is not None or group is not None:
        os.chown(path, -1 if owner is None else owner, -1 if group is None else group)
    if entry.mode is not None:
        os.chmod(path, entry.mode)


def _prepare(path: str, entry: Entry) -> str:
    """Put the entry beside its path, on the disk, and return where. What fails names the path."""
    try:
        return _put_beside(path, entry)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


def _put_beside(path: str, entry: Entry) -> str:
    """Programs that read *.conf do not see the temporary name."""
    directory, name = os.path.split(path)
    if entry.target is not None:
        temporary = os.path.join(directory, f".{name}.{secrets.token_hex(4)}")
        os.symlink(entry.target, temporary)
        return temporary
    handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry.text or b"")
            file.flush()
            _set_attributes(handle, entry)
            os.fsync(handle)
    except OSError:
        os.unlink(temporary)
        raise
    return temporary
