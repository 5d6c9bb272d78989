# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command that sees changed files while everybody else sees them as they are: check mode predicts refusals."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from .files import Change, put

# What is larger is not tried.
LARGEST_COPY = 20_000  # files and directories
LARGEST_SIZE = 64 * 1024**2
# Each pair of directories: the copy takes the place of the other, for this command and its children alone.
_SCRIPT = """
while [ "$1" != -- ]; do
  mount --bind "$1" "$2" && mount -o remount,bind,exec "$2" || exit 125 # the copies are in /run, which is often noexec
  shift 2
done
shift
exec "$@"
"""
NO_VIEW = 125


def refusal(wanted: Sequence[Change], command: Sequence[str], written: Sequence[str]) -> str | None:
    """What the command says against the changes; None when it takes them, or when it cannot be tried here.

    `written` are directories that the command itself writes to.
    """
    if not os.path.exists(command[0]) or not shutil.which("unshare") or not all(map(os.path.isdir, written)):
        return None
    directory = tempfile.mkdtemp(prefix="izzzi-check-", dir="/run" if os.access("/run", os.W_OK) else None)
    try:
        copies = _copy(wanted, written, Path(directory))
        if copies is None:
            return None
        put(_inside(change, copies) for change in wanted)
        return _run(copies, command)
    finally:
        shutil.rmtree(directory)


def _copy(wanted: Sequence[Change], written: Sequence[str], into: Path) -> dict[str, str] | None:
    """Copies of the directories that would change, by the directory; None when that is too much."""
    roots = {*(_existing(os.path.dirname(change.path)) for change in wanted), *written}
    roots = {root for root in roots if not any(root.startswith(f"{other}/") for other in roots)}
    if "/" in roots or _is_too_large(roots):
        return None
    copies = {root: str(into / str(number)) for number, root in enumerate(sorted(roots))}
    for root, copy in copies.items():
        shutil.copytree(root, copy, symlinks=True, ignore=_only_files)
        status = os.stat(root)
        os.chown(copy, status.st_uid, status.st_gid)
    return copies


def _is_too_large(roots: Iterable[str]) -> bool:
    paths = [os.path.join(d, name) for root in roots for d, names, files in os.walk(root) for name in (*names, *files)]
    return len(paths) > LARGEST_COPY or sum(os.lstat(path).st_size for path in paths) > LARGEST_SIZE


def _only_files(directory: str, names: list[str]) -> list[str]:
    """Sockets, pipes and devices are not copied."""
    paths = {name: os.path.join(directory, name) for name in names}
    return [
        name
        for name, path in paths.items()
        if not (os.path.isfile(path) or os.path.isdir(path) or os.path.islink(path))
    ]


def _existing(path: str) -> str:
    return path if os.path.isdir(path) else _existing(os.path.dirname(path))


def _inside(change: Change, copies: Mapping[str, str]) -> Change:
    root = next(root for root in copies if change.path.startswith(f"{root}/"))
    return replace(change, path=copies[root] + change.path[len(root) :])


def _run(copies: Mapping[str, str], command: Sequence[str]) -> str | None:
    pairs = [part for root, copy in copies.items() for part in (copy, root)]
    view = ["unshare", "--mount", "--propagation", "private", "sh", "-c", _SCRIPT, "sh", *pairs, "--", *command]
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    result = subprocess.run(view, capture_output=True, text=True, errors="replace", check=False)
    if result.returncode == 0 or result.returncode == NO_VIEW or result.stderr.startswith("unshare:"):
        return None
    return result.stderr.strip() or result.stdout.strip() or f"{command[0]} ended with {result.returncode}."
