# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release's part in the database: new migrations are reviewed, the data is dumped, the release command runs once."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .._app.sql_lint import lint
from .postgres import dump
from .transaction import Transaction


def review(t: Transaction) -> dict[str, Any] | None:
    """Notes the source's migrations, and refuses new destructive ones without consent."""
    source = t.app.release_directory(t.release) / "source"
    paths = sorted({path for pattern in t.options.migrations for path in source.glob(pattern)})
    names = [str(path.relative_to(source)) for path in paths]
    known = set(t.live.migrations) if t.live else set()
    new = [(name, path) for name, path in zip(names, paths, strict=True) if name not in known]
    found = [
        f"{name} {finding}"
        for name, path in new
        for finding in lint(path.read_text(encoding="utf-8", errors="replace"))
    ]
    t.update(migrations=names, destructive=found if t.live else [])
    if found and t.live and not t.options.allow_destructive:
        raise ReleaseError(
            "New migrations may break the release that is live, and going back to it:\n  "
            + "\n  ".join(found)
            + "\nSplit the change (add, move the data, remove in a later release), or consent:"
            " -e app_compose_allow_destructive=true. A comment `-- izzzi: compatible` accepts one statement."
        )
    t.note(new_migrations=[name for name, _path in new])
    return {"new_migrations": t.journal["new_migrations"]} if names else None


def backup(t: Transaction) -> dict[str, Any] | None:
    """Backs the data up before new migrations: off the host by the command that is declared, or else by a dump here,
    of which the last ones are kept. A storage that does not answer stops no release, since the dump does as well."""
    if not t.database or not t.journal.get("new_migrations", True) or not t.options.release_command:
        return None
    command = list(t.options.backup_command) if t.live else []  # before the first release there is nothing to lose
    try:
        if command and Path(command[0]).exists():  # it comes onto the host after the app's first release
            run(command, timeout=t.options.build_timeout)
            return {"path": ""}
    except CommandError as error:
        return {
            "path": str(_dump(t)),
            "told": f"The data was dumped on this host only, since its backup failed. {error}",
        }
    return {"path": str(_dump(t))}


def _dump(t: Transaction) -> Path:
    folder = t.app.directory / "backups"
    path = folder / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(t.clock()))}-{t.release}.dump"
    dump(t.data, t.database, path, t.options.build_timeout)
    for old in sorted(folder.glob("*.dump"))[: -t.options.keep_backups]:
        old.unlink()
    return path


def migrate(t: Transaction) -> dict[str, Any] | None:
    """Runs the release command, once, from the new image, with a time limit."""
    command = t.options.release_command
    if not command:
        return None
    name = f"{t.app.project}-release-command"
    limit = float(command.get("timeout") or 600)
    try:
        output = t.compose(t.colour)(
            *("run", "--rm", "--no-deps", "--no-TTY", "--name", name, command["service"], *command["command"]),
            timeout=limit,
        )
    except CommandError as error:
        remove_container(name)
        raise ReleaseError(f"The release command failed. {error}") from error
    return {"output": output}


def remove_container(name: str) -> None:
    """Removes a container where there is one of the name."""
    with contextlib.suppress(CommandError):
        run(["docker", "container", "rm", "--force", "--volumes", name])
