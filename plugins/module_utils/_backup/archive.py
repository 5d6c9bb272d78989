# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where archived WAL lies: beside restic's repository, encrypted by rclone with the repository's key."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from .._app.program import CommandError, run
from .config import BackupError

REMOTE = "izzzi"
# A storage that hangs must not stop the rounds for long: they watch the disk, too.
PATIENCE = ("--contimeout=10s", "--timeout=60s", "--retries=1", "--low-level-retries=2", "--transfers=8")
UPLOAD = 300.0
_DAMAGED = re.compile(r"failed to authenticate decrypted block|bad magic|too short to be an encrypted", re.IGNORECASE)
_ABSENT = re.compile(r"directory not found|NoSuchKey|object not found", re.IGNORECASE)


def place(repository: str) -> str:
    """Return where the archive of a repository is, as the repository's name is written."""
    return f"{repository.rstrip('/').removesuffix('/restic')}/wal"


def address(where: str) -> SplitResult:
    """Return the parts of a place on S3, as restic writes it with or without https://."""
    return urlsplit(where.removeprefix("s3:") if "://" in where else f"https://{where.removeprefix('s3:')}")


def remote(where: str) -> str:
    """Return a place as rclone knows it, not encrypted."""
    return f"storage:{address(where).path.lstrip('/')}" if where.startswith("s3:") else where


def environment(repository: str, secrets: Mapping[str, str], obscured: str) -> dict[str, str]:
    """Return the variables by which rclone knows the archive. `obscured` is the key as `rclone obscure` writes it."""
    where = place(repository)
    own = {
        "RCLONE_CONFIG": "/dev/null",
        f"RCLONE_CONFIG_{REMOTE.upper()}_TYPE": "crypt",
        f"RCLONE_CONFIG_{REMOTE.upper()}_PASSWORD": obscured,
        f"RCLONE_CONFIG_{REMOTE.upper()}_FILENAME_ENCRYPTION": "off",
        f"RCLONE_CONFIG_{REMOTE.upper()}_DIRECTORY_NAME_ENCRYPTION": "false",
    }
    if not where.startswith("s3:"):
        return {**own, f"RCLONE_CONFIG_{REMOTE.upper()}_REMOTE": where}
    parts = address(where)
    return {
        **own,
        f"RCLONE_CONFIG_{REMOTE.upper()}_REMOTE": remote(where),
        "RCLONE_CONFIG_STORAGE_TYPE": "s3",
        "RCLONE_CONFIG_STORAGE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORAGE_ENV_AUTH": "true",
        "RCLONE_CONFIG_STORAGE_ENDPOINT": f"{parts.scheme}://{parts.netloc}",
        "RCLONE_CONFIG_STORAGE_NO_CHECK_BUCKET": "true",
        **({"RCLONE_CONFIG_STORAGE_REGION": secrets["AWS_DEFAULT_REGION"]} if "AWS_DEFAULT_REGION" in secrets else {}),
        **({"RCLONE_CA_CERT": secrets["SSL_CERT_FILE"]} if "SSL_CERT_FILE" in secrets else {}),
    }


def explain(said: str, where: str) -> str:
    """Return what rclone's words mean for a person, with the last of them."""
    meaning = "rclone failed."
    if _DAMAGED.search(said):
        meaning = "what lies there is damaged, or was written with another vault_backup_password."
    elif re.search(r"AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|status code: 403", said):
        meaning = "the storage refuses the key (backup_access_key, backup_secret_key)."
    elif re.search(r"connection refused|no such host|timeout|x509|EOF|503|NoSuchBucket", said, re.IGNORECASE):
        meaning = "the storage does not answer."
    elif re.search("no space left", said, re.IGNORECASE):
        meaning = "the disk that it lies on is full."
    return "\n".join([f"The archive {where}: {meaning}", *said.strip().splitlines()[-5:]])


class Archive:
    """rclone, told by its environment where the archive is and what its key is: no argument shows either."""

    def __init__(self, repository: str, secrets: Mapping[str, str], timeout: float):
        self.url, self._repository, self._timeout, self._secrets = place(repository), repository, timeout, secrets
        self._env: dict[str, str] = {}

    def run(self, *arguments: str, timeout: float | None = None) -> str:
        """Run rclone. Raise BackupError that says what its failure means."""
        if not self._env:
            key = run(["rclone", "obscure", "-"], stdin=self._secrets["RESTIC_PASSWORD"]).strip()
            own = environment(self._repository, self._secrets, key)
            # rclone 1.60 fails with this variable set, whatever it says; ca_file reaches it by RCLONE_CA_CERT.
            inherited = {name: value for name, value in os.environ.items() if name != "AWS_CA_BUNDLE"}
            self._env = {**inherited, "HOME": os.environ.get("HOME", "/root"), **self._secrets, **own}
        if self._repository.startswith("/") and not (Path(self._repository) / "config").exists():
            raise BackupError(f"The archive {self.url}: {self._repository} has no repository. Is its disk mounted?")
        try:
            return run(["rclone", *arguments, *PATIENCE], env=self._env, timeout=timeout or self._timeout)
        except CommandError as error:
            raise BackupError(explain(str(error), self.url)) from error

    def names(self, chain: str = "") -> list[str]:
        """Return the files of a chain, or the chains when none is given. Nothing is there before the first upload."""
        try:
            return [line.rstrip("/") for line in self.run("lsf", f"{REMOTE}:{chain}").splitlines() if line]
        except BackupError as error:
            if _ABSENT.search(str(error)):
                return []
            raise

    def send(self, folder: Path, chain: str) -> None:
        """Store all files of a directory, without looking whether they are there."""
        self.run("copy", "--no-check-dest", "--no-traverse", str(folder), f"{REMOTE}:{chain}", timeout=UPLOAD)

    def fetch(self, chain: str, names: Iterable[str], folder: Path) -> str:
        """Read files of a chain into a directory. Return what rclone says of those that it could not read."""
        with listed(names) as file:
            try:
                self.run("copy", f"--files-from-raw={file}", f"{REMOTE}:{chain}", str(folder))
            except BackupError as error:
                return str(error)
        return ""

    def delete(self, chain: str, names: Iterable[str]) -> None:
        """Remove files of a chain."""
        if names := list(names):
            with listed(names) as file:
                self.run("delete", f"--files-from-raw={file}", f"{REMOTE}:{chain}")

    def put_aside(self, pack: str) -> None:
        """Move a file of restic's data out of the repository, to where people can look at it."""
        root = remote(self._repository).rstrip("/")
        # The storage knows another checksum of what is damaged.
        self.run(
            "moveto",
            "--ignore-checksum",
            f"{root}/data/{pack[:2]}/{pack}",
            f"{root.removesuffix('/restic')}/damaged/{pack}",
        )

    def purge(self, chain: str) -> None:
        """Remove a chain."""
        self.run("purge", f"{REMOTE}:{chain}")


@contextmanager
def listed(names: Iterable[str]) -> Iterator[str]:
    """Give the path of a file with names for rclone's --files-from-raw, for as long as it is needed."""
    with tempfile.NamedTemporaryFile("w", prefix="izzzi-", suffix=".names", encoding="utf-8") as file:
        file.write("".join(f"{name}\n" for name in names))
        file.flush()
        yield file.name
