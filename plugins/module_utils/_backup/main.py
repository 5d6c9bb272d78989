# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command izzzi-backup, on a host: what timers run, and what a person can do there without a controller."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .._app.program import CommandError
from . import actions, base, context, wal
from .config import SETTINGS, BackupError, read
from .drill import drill
from .repair import repair
from .restore import undo
from .take import NIGHTLY, RELEASE

NAMES = ("now", "drill", "list", "state", "late", "check", "repair", "restore", "undo", "wal", "base", "wal-off")
ACTIONS = (
    "late fails when the last backup is too old; check reads all data, repair takes out what is damaged; wal archives "
    "for as long as it runs, wal-off ends that and removes its slot; base makes a base backup"
)


def parser() -> argparse.ArgumentParser:
    """Return what reads the command line."""
    found = argparse.ArgumentParser(prog="izzzi-backup", description="Backups of an app, and restores.")
    found.add_argument("action", choices=NAMES, help=ACTIONS)
    found.add_argument("app", help="the app's name, of which /etc/izzzi/backup has the settings")
    found.add_argument("--to", default="latest", help="latest, a backup's id, or a point in time")
    found.add_argument("--into", choices=("live", "scratch"), default="scratch", help="live needs --confirm=APP")
    found.add_argument("--database", default="", help="which, when several are declared")
    found.add_argument("--table", default="", help="one table alone, such as public.notes, live")
    found.add_argument("--volume", default="", help="the files of a volume, into a new volume beside it")
    found.add_argument("--redis", action="store_true", help="Redis' data, live")
    found.add_argument("--confirm", default="", help="the app's name again, to exchange the live database")
    found.add_argument(
        "--tag", choices=(NIGHTLY, RELEASE), default=NIGHTLY, help="release: before its migrations; 5 are kept"
    )
    found.add_argument("--adopt", action="store_true", help="go on with backups of another host, or begin anew")
    found.add_argument("--service", default="", help="for base: the service that runs PostgreSQL")
    found.add_argument("--if-due", action="store_true", help="for base: only when there is none that is new enough")
    found.add_argument("--settings", type=Path, default=SETTINGS, help=argparse.SUPPRESS)
    return found


def run(options: argparse.Namespace):
    """Carry out one action and return what is to be printed. Raise BackupError when it fails."""
    found = context.make(*read(options.app, options.settings))
    if options.action == "restore":
        if actions.changes_live(options.into, vars(options)) and options.confirm != options.app:
            raise BackupError(f"This changes the live database. Say so with --confirm={options.app}.")
        return actions.bring_back(found, options.to, options.into, vars(options))
    if options.action == "late":
        return on_time(found, (options.settings / f"{options.app}.json").stat().st_mtime)
    if options.action == "check":
        found.repository.check(100)
        return {"checked": "everything"}
    if options.action == "undo":
        return undo(found, options.database)
    if options.action == "wal":
        return serve(found, options)
    if options.action == "wal-off":
        return wal.off(found)
    if options.action == "base":
        return [
            base.make(found, service, options.if_due)
            for service in found.config.archived
            if options.service in ("", service)
        ]
    if options.action == "now":
        return actions.now(found, options.adopt, options.tag)
    return {"drill": drill, "repair": repair, "list": actions.overview, "state": actions.report}[options.action](found)


def serve(found: context.Context, options: argparse.Namespace) -> None:
    """Archive WAL until the process is ended, or until code or settings have changed: systemd starts it anew then."""
    signal.signal(signal.SIGTERM, lambda *_args: sys.exit(0))
    unit = Path(f"/etc/systemd/system/izzzi-backup-wal@{options.app}.service")
    watched = [*Path(__file__).parent.glob("*.py"), *options.settings.glob(f"{options.app}.*"), unit]
    began = stamps(watched)
    command = [
        sys.executable,
        "-B",
        "-m",
        f"{__package__}.main",
        "base",
        options.app,
        f"--settings={options.settings}",
        "--if-due",
    ]
    wal.serve(found, [*command, "--service"], lambda: stamps(watched) != began)


def stamps(paths: Sequence[Path]) -> list[int]:
    """Return when each of some files was changed, 0 for one that is gone."""
    return [path.stat().st_mtime_ns if path.exists() else 0 for path in paths]


def on_time(found: context.Context, installed: float):
    """Return what is remembered. Raise BackupError when something is late, or has failed. The first backup is late when
    it would be, had there been one when the settings were written (`installed`)."""
    report = actions.report(found)
    is_new = not found.state.read().keys() & {"backup", "failed"}
    if report["troubles"] and not (is_new and found.clock() - installed < found.config.late_after * 3600):
        raise BackupError("\n".join(report["troubles"]))
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0, or 1 with a message on standard error."""
    options = parser().parse_args(arguments)
    try:
        print(json.dumps(run(options), indent=1))
    except (BackupError, CommandError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or ''}: {error.strerror}".lstrip(": "), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
