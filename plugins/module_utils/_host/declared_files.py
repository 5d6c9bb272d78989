# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files, links and directories as the module host_change takes them: what of that is to be changed on this host."""

from __future__ import annotations

import grp
import os
import pwd
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .files import Change, Entry, in_the_way, look

Item = Mapping[str, Any]


def changes(parameters: Mapping[str, list[Any]], is_check: bool = False) -> list[Change]:
    """Return what must be done, in the order in which it can be done.

    In a check users and groups may be yet to come. Raises ValueError for what stands in the way.
    """
    found: dict[str, Change] = {}
    for change in _declared(parameters, is_check):
        if change.after is not None:  # parents are changes of their own, so that an undo takes them away again
            found.update({parent.path: parent for parent in _parents(change) if not _is_made(found.get(parent.path))})
        found[change.path] = change
    due = [change for change in found.values() if change.is_due]
    if blocked := list(filter(None, map(in_the_way, due))):
        raise ValueError("; ".join(blocked))
    return due


def _is_made(change: Change | None) -> bool:
    return change is not None and change.after is not None


def _declared(parameters: Mapping[str, list[Any]], is_check: bool) -> Iterator[Change]:
    for item in parameters.get("directories", ()):
        yield Change(item["path"], look(item["path"]), Entry(mode=int(item["mode"], 8)))
    for path in parameters.get("absent", ()):
        yield Change(path, look(path), None)
    for item in parameters.get("files", ()):
        if item.get("when", True):
            yield _file(item, is_check)
    for item in parameters.get("secrets", ()):
        yield replace(_file(item, is_check), is_sensitive=True)
    for item in parameters.get("links", ()):
        after = None if item.get("state") == "absent" else Entry(target=item["target"])
        yield Change(item["path"], look(item["path"]), after)


def _file(item: Item, is_check: bool) -> Change:
    # Settings are edited where they stand, also behind a link of somebody else.
    path = os.path.realpath(item["path"]) if item.get("settings") else item["path"]
    there = look(path)
    after = None if item.get("state") == "absent" else _wanted(item, there, is_check)
    return Change(path, there, after, validate=item.get("validate") or "", apply=tuple(item.get("apply") or ()))


def _wanted(item: Item, there: Entry | None, is_check: bool) -> Entry | None:
    mode = int(item["mode"], 8) if item.get("mode") else None
    owner = _number(item, "user", item.get("owner"), is_check)
    group = _number(item, "group", item.get("group"), is_check)
    mine = os.geteuid() if not item.get("owner") else owner
    if item.get("content") is not None:
        text = item["content"].encode("utf-8", "surrogateescape")
        is_kept = there is not None and not item.get("replace", True)
        return there if is_kept else Entry(text, None, 0o644 if mode is None else mode, mine, group)
    if there is None or there.target is not None:
        return there  # a file of somebody else is edited, never made; a link has no attributes
    if not item.get("settings"):
        return Entry(there.text, None, mode, owner, group).over(there)
    text = merge((there.text or b"").decode("utf-8", "surrogateescape"), item["settings"], item.get("separator") or " ")
    return Entry(text.encode("utf-8", "surrogateescape"), None, mode, mine, group).over(there)


def _number(item: Item, what: str, name: str | None, is_check: bool) -> int | None:
    if not name:
        return None
    try:
        return pwd.getpwnam(name).pw_uid if what == "user" else grp.getgrnam(name).gr_gid
    except KeyError:
        if is_check:
            return None
        raise ValueError(f"{item['path']}: there is no {what} {name}.") from None


def _parents(change: Change) -> Iterator[Change]:
    """Missing ones. Those for a user are that user's alone, as sshd wants it for keys."""
    owner = change.after.owner if change.after and change.after.owner != os.geteuid() else None
    for parent in reversed(Path(change.path).parents):
        if not os.path.lexists(parent):
            yield Change(str(parent), None, Entry(mode=0o755 if owner is None else 0o700, owner=owner))


def merge(text: str, settings: Mapping[str, Any], separator: str) -> str:
    """Return the text with each setting on its one line; a commented line is where a new one goes."""
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
