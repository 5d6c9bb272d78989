# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files that nginx includes: all of them, tested and loaded, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class EdgeFiles:
    """Files of a directory that nginx includes. Who runs nginx says how it tests and reloads them."""

    def __init__(self, directory: Path):
        self.directory = directory

    def check(self) -> None:
        """Let nginx test its configuration. Raise CommandError when it refuses it."""
        raise NotImplementedError

    def reload(self) -> None:
        """Let nginx read it."""
        raise NotImplementedError

    def is_there(self) -> bool:
        return self.directory.is_dir()

    def differences(self, files: dict[str, str | None]) -> dict[str, tuple[str, str]]:
        """Before and after of what would change; None is a file that is not to be there."""
        before = {name: self.read(name) for name in files}
        return {name: (before[name] or "", text or "") for name, text in files.items() if before[name] != text}

    def read(self, name: str) -> str | None:
        """Return a file's text; None when it is not there."""
        try:
            # Damaged text differs from what it should be, and is replaced like any other.
            return (self.directory / name).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None

    def switch(self, files: dict[str, str | None]) -> bool:
        """Writes all, lets nginx test them and reload. The old files come back when it refuses."""
        before = {name: self.read(name) for name in files}
        if before == files:
            return False
        with self._undo(before):
            self._write(files)
            self.check()
            self.reload()
        return True

    @contextmanager
    def _undo(self, before: dict[str, str | None]) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._write(before)
            raise

    def _write(self, files: dict[str, str | None]) -> None:
        for name, text in files.items():
            path = self.directory / name
            if text is None:
                path.unlink(missing_ok=True)
                continue
            temporary = path.with_name(f".{name}.new")
            try:
                temporary.touch(mode=0o600)
                temporary.write_text(text, encoding="utf-8")
                temporary.replace(path)
            finally:
                temporary.unlink(missing_ok=True)
