# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads of an app's folder what says how it is built and run. A real `.env` is never opened."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .._app.git import has_login

DEEPEST = 5  # apps/api/prisma/migrations/0001 is as deep as anything that is looked for
MOST_FILES = 20_000
LARGEST = 512 * 1024
# What installers, builds and people's tools make.
SKIPPED = {
    *(".git", "node_modules", ".next", "dist", "build", "coverage", ".venv", "venv", "__pycache__", "vendor", "target"),
    *(".turbo", ".cache", ".idea", ".vscode", ".ansible", "test", "tests", "__tests__", "e2e"),
}
EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "env.example")
COMPOSE_FILES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
DOCKERFILE = re.compile(r"(?:.*\.)?Dockerfile(?:\.[\w-]+)?", re.IGNORECASE)
_READ = {"package.json", "pyproject.toml", "schema.prisma", *EXAMPLES, *COMPOSE_FILES}
_REQUIREMENTS = re.compile(r"requirements[\w.-]*\.txt")


@dataclass(frozen=True)
class Tree:
    """The names of files below a root, and the texts of those that are read."""

    names: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""  # where git fetches from

    def has(self, path: str) -> bool:
        """Return whether there is a file, or a folder that has some."""
        path = posixpath.normpath(path)
        return path in (".", "") or path in self.names or any(name.startswith(f"{path}/") for name in self.names)

    def below(self, folder: str) -> list[str]:
        """Return the paths of all files in a folder, from there."""
        start = f"{folder}/" if folder else ""
        return sorted(name.removeprefix(start) for name in self.names if name.startswith(start))

    def text(self, folder: str, *names: str) -> str:
        """Return the text of the first of the files that the folder has, or an empty one."""
        paths = (posixpath.join(folder, name) for name in names)
        return next((self.texts[path] for path in paths if path in self.texts), "")


def is_read(name: str) -> bool:
    """Return whether the text of a file of this name is of interest."""
    return name in _READ or bool(DOCKERFILE.fullmatch(name) or _REQUIREMENTS.fullmatch(name))


def read_tree(root: Path, leave_out: Path | None = None) -> Tree:
    """Walk through a folder, without following links. Leave out what is ours, such as an inventory in the app."""
    names: list[str] = []
    texts: dict[str, str] = {}
    for place, folders, files in os.walk(root):
        here = Path(place)
        folders[:] = sorted(
            name for name in folders if name not in SKIPPED and len((here / name).relative_to(root).parts) <= DEEPEST
        )
        if leave_out and (here == leave_out or leave_out in here.parents):
            folders[:] = []
            continue
        for name in sorted(files):
            path = (here / name).relative_to(root).as_posix()
            names.append(path)
            if is_read(name) and (text := _read(here / name)) is not None:
                texts[path] = text
        if len(names) > MOST_FILES:
            break
    return Tree(frozenset(names), texts, _origin(root))


def _read(path: Path) -> str | None:
    try:
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST:
            return None
        return path.read_text("utf-8", "replace")
    except OSError:
        return None


def _origin(root: Path) -> str:
    """Return the address of the remote `origin`, unless there is a password in it."""
    text = _read(root / ".git" / "config") or ""
    found = re.search(r'^\[remote "origin"\][^[]*?^\s*url\s*=\s*(\S+)', text, flags=re.MULTILINE)
    return found[1] if found and not has_login(found[1]) else ""
