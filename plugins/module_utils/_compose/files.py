# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Compose documents and their variables on the host: the texts, whether they are there, and writing them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .._app.app import environment_of
from .._secrets.dotenv import to_dotenv
from .colours import ColouredApp, colour_document, data_document, render

if TYPE_CHECKING:
    from .transaction import Transaction


def colour_files(t: Transaction, release: str, colour: str, app: ColouredApp | None = None) -> dict[Path, str]:
    app = app or t.app
    document = colour_document(app, release, colour)
    directory = app.colour_directory(colour)
    env = environment_of(app, document, t.variables(release))
    return {directory / "compose.yml": render(document), directory / ".env": to_dotenv(env, sort=True)}


def data_files(t: Transaction, more: Mapping[str, str] | None = None) -> dict[Path, str]:
    document = data_document(t.app)
    directory = t.data.directory
    env = environment_of(t.app, document, {**t.variables(""), **(more or {})})
    return {directory / "compose.yml": render(document), directory / ".env": to_dotenv(env, sort=True)}


def changed_files(files: Mapping[Path, str]) -> list[Path]:
    def is_same(path: Path, text: str) -> bool:
        try:
            return path.read_text(encoding="utf-8") == text
        except (FileNotFoundError, NotADirectoryError):
            return False

    return [path for path, text in files.items() if not is_same(path, text)]


def write_files(files: Mapping[Path, str]) -> None:
    """0600 from the first byte, since some hold secrets."""
    for path, text in files.items():
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
