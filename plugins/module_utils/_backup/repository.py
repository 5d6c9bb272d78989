# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The place where backups lie: restic's repository, encrypted before anything leaves the host."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .._app.program import CommandError, run
from .config import BackupError

_FRACTION = re.compile(r"\.(\d{1,6})\d*")
# What restic says, and what a person can do. The first that fits counts.
_AWAY = "the storage does not answer. Nothing is lost: run this again when it does."
_NONE = (
    "there is none yet. Make a backup with playbooks/backup.yml; if there were backups, look at backup_repository, "
    "backup_bucket and backup_prefix."
)
_WORDS = (
    (r"connection refused|no such host|timeout|no route to host|\b503\b|Service Unavailable|TLS|x509", _AWAY),
    (
        "wrong password",
        "the key does not open the repository. Give the environment's vault_backup_password as it was when the "
        "repository was made; without that key there is no restore.",
    ),
    (
        r"Access ?Denied|InvalidAccessKeyId|access key|SignatureDoesNotMatch|\b403\b",
        "the storage refuses the key. Make a new one for the bucket (backup_access_key, backup_secret_key), and run "
        "playbooks/deploy.yml.",
    ),
    (
        "NoSuchBucket|bucket does not exist",
        "its bucket is gone. Run playbooks/provision.yml to make it again, without what was in it.",
    ),
    # restic asks this whenever it could not look, whatever the reason: those stand above.
    ("Is there a repository at|unable to open config file", _NONE),
    ("ciphertext verification failed|does not match|invalid data returned|hash mismatch|unexpected EOF", "DAMAGED"),
    (
        "already locked|unable to create lock",
        "another restic works on it. Wait until that has ended; a lock that a killed run left is removed by itself "
        "after 30 minutes, or at once when that run was on this host.",
    ),
    ("no space left", "the disk that it lies on is full. Make room there, and run this again."),
    ("EOF|took longer than", _AWAY),
)
_DAMAGED = (
    "what lies there is damaged. A bucket with versioning may have the file as it was, and other backups may be whole "
    "(playbooks/backups.yml). `playbooks/backup.yml -e repair=true` takes what is damaged out and makes a new backup."
)
ASK = 90.0  # seconds for the first question. restic asks for 15 minutes, also when its key is refused
CONTENT = re.compile("repository contains errors", re.IGNORECASE)
BASE = "base"


def explain(said: str, repository: str) -> str:
    """Return what restic's words mean for a person, with the words themselves."""
    lines = [_plain(line) for line in said.strip().splitlines()]
    if told := _meaning(said):
        return "\n".join([f"The repository {repository}: {told}", *lines[-5:]])
    return "\n".join([f"The repository {repository}: restic failed.", *lines[-10:]])


def _meaning(said: str) -> str:
    found = next((meaning for pattern, meaning in _WORDS if re.search(pattern, said, re.IGNORECASE)), "")
    return _DAMAGED if found == "DAMAGED" else found


def _plain(line: str) -> str:
    """Return restic's words without the JSON in which newer versions put them."""
    found = re.fullmatch(r'\{"message_type":"exit_error".*"message":(".*")\}', line.strip())
    return " ".join(json.loads(found[1]).split()) if found else line


@dataclass(frozen=True)
class Snapshot:
    """A backup in the repository. `time` is in seconds since 1970."""

    id: str
    time: float
    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def at(self) -> str:
        """Return its time as people write it."""
        return datetime.fromtimestamp(self.time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def seconds(text: str) -> float:
    """Read a time as Go writes it, with up to nine digits behind the point."""
    return datetime.fromisoformat(
        _FRACTION.sub(lambda match: f".{match[1]:0<6}", text.replace("Z", "+00:00"))
    ).timestamp()


def read_snapshots(output: str) -> list[Snapshot]:
    """Return the snapshots of `restic snapshots --json`, the oldest first."""
    found = [
        Snapshot(item["short_id"], seconds(item["time"]), tuple(item.get("tags") or ()), tuple(item["paths"]))
        for item in json.loads(output or "[]") or []
    ]
    return sorted(found, key=lambda snapshot: snapshot.time)


def choose(snapshots: Sequence[Snapshot], wanted: str) -> Snapshot:
    """Return `latest`, or the one whose id begins so. Raise BackupError with what there is."""
    if not snapshots:
        raise BackupError("There is no backup yet. Make one with playbooks/backup.yml.")
    if wanted == "latest":
        return snapshots[-1]
    found = [snapshot for snapshot in snapshots if snapshot.id.startswith(wanted[:8])] if len(wanted) > 3 else []
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f"{snapshot.id} ({snapshot.at})" for snapshot in snapshots[-5:])
    raise BackupError(f"{wanted!r} is not a backup. The last ones are {shown}; all of them: playbooks/backups.yml.")


def forget_options(keep: Mapping[str, int]) -> list[str]:
    """Return restic's options for what is kept. The last two stay whatever the calendar says."""
    return [f"--keep-{period}={count}" for period, count in {"last": 2, **keep}.items() if count]


def summary(output: str) -> dict[str, Any]:
    """Return the last message of `restic backup --json`, which has the snapshot's id and sizes in bytes."""
    found: Iterator[dict] = (json.loads(line) for line in output.splitlines() if line.startswith("{"))
    ends = [message for message in found if message.get("message_type") == "summary"]
    if not ends:
        raise BackupError("restic has made no snapshot, and does not say why.")
    return ends[-1]


class Repository:
    """restic, told by its environment where the repository is and what its key is: no argument shows either."""

    def __init__(self, url: str, secrets: Mapping[str, str], app: str, cache: Path, timeout: float):
        self.url, self._app, self._timeout = url, app, timeout
        own = {"RESTIC_REPOSITORY": url, "RESTIC_CACHE_DIR": str(cache), "RESTIC_PROGRESS_FPS": "0.01"}
        self.env = {**os.environ, "HOME": os.environ.get("HOME", "/root"), **secrets, **own}

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run restic. Raise BackupError that says what its failure means."""
        try:
            return run(["restic", *arguments], env=self.env, timeout=self._timeout, cwd=cwd)
        except CommandError as error:
            raise BackupError(explain(str(error), self.url)) from error

    def id(self) -> str:
        """Return the repository's id, empty when there is none."""
        try:
            return str(json.loads(run(["restic", "cat", "config", "--quiet"], env=self.env, timeout=ASK))["id"])
        except CommandError as error:
            if _meaning(str(error)) == _NONE:
                return ""
            raise BackupError(explain(str(error), self.url)) from error

    def open(self, known: str) -> str:
        """Return the repository's id, and make it where there is none. One that was there before, and is gone or
        another one, is an error: an empty one in its place would hide that everything is lost."""
        found = self.id()
        if known and not found:
            raise BackupError(
                f"The repository {self.url} is gone; this host has written to it before. Look at the bucket and its "
                "versions first. To begin a new one: playbooks/backup.yml -e adopt=true."
            )
        if known and found != known:
            raise BackupError(
                f"The repository {self.url} is not the one that this host has written to: {found[:8]}. If it is meant: "
                "playbooks/backup.yml -e adopt=true."
            )
        if not found:
            self.run("init", "--quiet")
            return self.id()
        self.run("unlock", "--quiet")  # removes only what runs that are dead have left
        return found

    def backup(self, paths: Sequence[str], tags: Sequence[str], cwd: Path, force: bool = False) -> dict[str, Any]:
        """Make a snapshot of paths; `force` reads files again that seem unchanged. Raise BackupError, also when restic
        could not read all of them."""
        marks = [f"--tag={tag}" for tag in tags] + (["--force"] if force else [])
        return summary(self.run("backup", "--json", f"--host={self._app}", *marks, *paths, cwd=cwd))

    def snapshots(self, *tags: str) -> list[Snapshot]:
        """Return the app's snapshots that have all of these tags, the oldest first; without tags all but the base
        backups, which are nothing without archived WAL."""
        chosen = [f"--tag={','.join(tags)}"] if tags else []
        found = read_snapshots(self.run("snapshots", "--json", "--no-lock", f"--host={self._app}", *chosen))
        return [snapshot for snapshot in found if tags or BASE not in snapshot.tags]

    def read(self, snapshot: str, path: str) -> str:
        """Return the text of a file in a snapshot."""
        return self.run(*self.reading(snapshot, path)[1:])

    def reading(self, snapshot: str, path: str) -> list[str]:
        """Return the command that writes a file of a snapshot to standard output. Nothing comes from a cache."""
        return ["restic", "dump", "--quiet", "--no-lock", "--no-cache", snapshot, path]

    def size(self, snapshot: str) -> int:
        """Return how many bytes a snapshot takes when it is restored."""
        output = self.run("stats", "--json", "--no-lock", "--mode=restore-size", snapshot)
        return int(json.loads(output)["total_size"])

    def restore(self, snapshot: str, target: Path, *include: str) -> None:
        """Write files of a snapshot below a directory."""
        chosen = [f"--include={path}" for path in include]
        self.run("restore", "--quiet", "--no-lock", f"--target={target}", *chosen, snapshot)

    def forget(self, keep: Mapping[str, int], tag: str) -> None:
        """Remove what need not be kept any more, of the snapshots with a tag."""
        which = [f"--host={self._app}", f"--tag={tag}", "--group-by=host"]
        self.run("forget", "--quiet", "--prune", *which, *forget_options(keep))

    def forget_these(self, ids: Sequence[str]) -> None:
        """Remove snapshots."""
        self.run("forget", "--quiet", "--prune", *ids)

    def trouble(self, *options: str) -> str:
        """Return what `restic check` says when it finds something damaged, nothing when all is well. Raise BackupError
        when it could not look."""
        try:
            run(["restic", "check", "--quiet", "--no-lock", *options], env=self.env, timeout=self._timeout)
        except CommandError as error:
            if CONTENT.search(str(error)):
                return str(error)
            raise BackupError(explain(str(error), self.url)) from error
        return ""

    def has_all_names(self, snapshot: str) -> bool:
        """Tell whether what lies in a snapshot can be listed: content of files may be missing nevertheless."""
        try:
            run(["restic", "ls", "--quiet", "--no-lock", snapshot], env=self.env, timeout=self._timeout)
        except CommandError:
            return False
        return True

    def check(self, share: int) -> None:
        """Read the repository's structure, and a share of its data, in per cent."""
        self.run("check", "--quiet", f"--read-data-subset={share}%")
