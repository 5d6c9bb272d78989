# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a commit has beside its own files: submodules, and objects of Git LFS. Nothing of it is left out in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from .git import PLAIN, Git
from .source import Entry, SourceError

# The text that stands for a large file: https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-\S+ \S+\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n"
)
_LONGEST_POINTER = 1024
_SHOWN = 5


def fetch_submodules(git: Git, checkout: Path) -> None:
    """Check out all submodules at the commits that are pinned, submodules of submodules and relative URLs too."""
    names = gitlinks(git, checkout)
    if not names:
        return
    git.run("config", "remote.origin.url", git.remote.url, cwd=checkout)
    # Only a repository that is on this machine itself may lead to others on this machine.
    local = ("-c", "protocol.file.allow=always") if git.remote.is_local else ()
    update = ("submodule", "--quiet", "update", "--init", "--recursive", "--checkout", "--depth=1")
    try:
        git.run(*PLAIN, *local, *update, cwd=checkout)
    except SourceError as error:
        told = f"{git.remote.url} has submodules ({_some(names)}), and not all can be had. {error}"
        raise SourceError(told) from error


def gitlinks(git: Git, checkout: Path) -> list[str]:
    """List the paths at which a commit names commits of other repositories."""
    lines = git.names("ls-files", "-z", "--stage", cwd=checkout)
    return [line.partition("\t")[2] for line in lines if line.startswith("160000")]


def _all_gitlinks(git: Git, checkout: Path) -> Iterable[str]:
    for name in gitlinks(git, checkout):
        yield name
        if (checkout / name / ".git").exists():
            yield from (f"{name}/{inner}" for inner in _all_gitlinks(git, checkout / name))


def fetch_objects(git: Git, checkout: Path, pointers: Sequence[str]) -> None:
    """Fetch what Git LFS keeps elsewhere, of the commit and of its submodules."""
    if not git.has("lfs", "version"):
        raise SourceError(
            f"{_some(pointers)} of {git.remote.url} are with Git LFS: the commit has only pointers to them. Install"
            " git-lfs on the controller, or leave them out by `exclude`."
        )
    git.run("config", "remote.origin.url", git.remote.url, cwd=checkout)
    repositories = [name for name in _all_gitlinks(git, checkout) if any(p.startswith(f"{name}/") for p in pointers)]
    for name in ["", *repositories]:
        git.run("lfs", "install", "--local", "--skip-repo", cwd=checkout / name)
        git.run("lfs", "pull", cwd=checkout / name)


def refuse_pointers(entries: Iterable[Entry], cure: str) -> None:
    """Raise SourceError for pointers of Git LFS that are left: in an image such a file is broken."""
    if left := [entry.name for entry in entries if is_pointer(entry.path)]:
        raise SourceError(f"{_some(left)} are not the files but pointers of Git LFS to them. {cure}")


def pointers_of(entries: Iterable[Entry]) -> list[str]:
    return [entry.name for entry in entries if is_pointer(entry.path)]


def is_pointer(path: Path) -> bool:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > _LONGEST_POINTER:
        return False
    return bool(_POINTER.fullmatch(path.read_bytes()))


def _some(names: Sequence[str]) -> str:
    names = sorted(names)
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
