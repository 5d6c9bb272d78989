# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An app's source as one deterministic archive: its files, their digest, the tar, the cache of archives."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import stat
import tarfile
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import BinaryIO

SELECTION = 2  # counts up when the same rules select other files
ARCHIVE_NAME = re.compile(r"(?:\d{8}|tree)-[0-9a-f]{12}\.tar\.gz")


class SourceError(Exception):
    """What is wrong with the source and what to do, fit for the user."""


@dataclass(frozen=True)
class Entry:
    """One file or symbolic link of the tree."""

    name: str
    path: Path
    mode: int
    target: str = ""  # of a symbolic link


@dataclass(frozen=True)
class Label:
    """What an archive says of itself, in the comment of its tar header, so that a cache can trust it unread."""

    checksum: str
    revision: str = ""  # of a git commit, with the digest of the rules by which it was packed
    exclude: str = ""

    def __str__(self) -> str:
        return f"izzzi.infra checksum={self.checksum} revision={self.revision} exclude={self.exclude}"

    @classmethod
    def parse(cls, comment: str) -> Label | None:
        match = re.fullmatch(r"izzzi\.infra checksum=(\w+) revision=(\w*) exclude=(\w*)", comment)
        return cls(*match.groups()) if match else None


def rules_digest(*rules: Sequence[str]) -> str:
    """Return what tells archives of one commit apart that were packed by other rules."""
    text = "\n".join("\0".join(sorted(patterns)) for patterns in rules)
    return hashlib.sha256(f"{SELECTION}\n{text}".encode()).hexdigest()


def is_match(name: str, patterns: Sequence[str]) -> bool:
    """Return whether a pattern matches: without a slash a name at any depth, with one the whole path below the root."""
    base = name.rpartition("/")[2]
    return any(
        fnmatchcase(name, pattern.strip("/")) if "/" in pattern.rstrip("/") else fnmatchcase(base, pattern.rstrip("/"))
        for pattern in patterns
    )


def make_entry(root: Path, name: str) -> Entry:
    path = root / name
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}.") from error
    if stat.S_ISLNK(mode):
        target = os.readlink(path)
        real = os.path.realpath(path)
        if os.path.isabs(target) or not (real == str(root) or real.startswith(f"{root}/")):
            raise SourceError(f"{path} is a link to {target}, outside of the source. Replace the link or exclude it.")
        return Entry(name, path, 0o777, target)
    if not stat.S_ISREG(mode):
        raise SourceError(f"{path} is neither a file, a directory nor a link. Remove it or exclude it.")
    return Entry(name, path, 0o755 if mode & stat.S_IXUSR else 0o644)


class TreeDigest:
    """Return the SHA-256 of a tree: names, modes, link targets and contents, and nothing of how it is packed."""

    def __init__(self):
        self._hash = hashlib.sha256()

    def add(self, entry: Entry, content: bytes) -> None:
        head = (os.fsencode(entry.name), b"%o" % entry.mode, os.fsencode(entry.target), b"%d" % len(content))
        self._hash.update(b"\0".join(head) + b"\0" + content)

    def __str__(self) -> str:
        return self._hash.hexdigest()


def read(entry: Entry) -> bytes:
    try:
        return b"" if entry.target else entry.path.read_bytes()
    except OSError as error:
        raise SourceError(f"{entry.path} cannot be read: {error.strerror}.") from error


def read_text(entries: Sequence[Entry], name: str) -> str:
    """Return the text of one file of the source."""
    found = [entry for entry in entries if entry.name == name and not entry.target]
    if not found:
        raise SourceError(f"The source has no file {name}.")
    return read(found[0]).decode("utf-8", "replace")


def checksum(entries: Sequence[Entry]) -> str:
    digest = TreeDigest()
    for entry in entries:
        digest.add(entry, read(entry))
    return str(digest)


def pack(entries: Sequence[Entry], sink: BinaryIO, comment: str) -> str:
    """Writes the tree as tar.gz that depends on nothing but the arguments; returns the checksum of what it wrote."""
    digest = TreeDigest()
    directories: set[str] = set()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=sink, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": comment}) as tar,
    ):
        for entry in entries:
            for parent in map(str, reversed(PurePosixPath(entry.name).parents[:-1])):
                if parent not in directories:
                    directories.add(parent)
                    tar.addfile(_tar_info(parent, 0o755, tarfile.DIRTYPE))
            content = read(entry)
            digest.add(entry, content)
            info = _tar_info(entry.name, entry.mode, tarfile.SYMTYPE if entry.target else tarfile.REGTYPE)
            info.linkname, info.size = entry.target, len(content)
            tar.addfile(info, io.BytesIO(content))
    return str(digest)


def _tar_info(name: str, mode: int, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)  # owner 0:0 and time 0 by default
    info.mode, info.type = mode, kind
    return info


class Cache:
    """A directory of archives, named by release. Everything else in it is left alone."""

    def __init__(self, directory: Path):
        self.directory = directory

    def path(self, release: str) -> Path:
        return self.directory / f"{release}.tar.gz"

    def label(self, archive: Path) -> Label | None:
        """Return what an archive says of itself. None when it is missing or not one of ours."""
        try:
            with tarfile.open(archive) as tar:
                return Label.parse(tar.pax_headers.get("comment", ""))
        except (OSError, tarfile.TarError, EOFError):
            return None

    def find(self, revision: str, exclude: str) -> Path | None:
        """Find the archive of a git commit, packed earlier with the same patterns."""
        for archive in self.directory.glob(f"*-{revision[:12]}.tar.gz"):
            label = self.label(archive)
            if label and (label.revision, label.exclude) == (revision, exclude):
                return archive
        return None

    def read_text(self, archive: Path, name: str) -> str:
        """Read one file of an archive."""
        try:
            with tarfile.open(archive) as tar:
                return tar.extractfile(name).read().decode("utf-8", "replace")
        except (KeyError, AttributeError) as error:
            raise SourceError(f"The source has no file {name}.") from error

    def store(self, release: str, entries: Sequence[Entry], label: Label) -> Path:
        """Write the archive atomically: a reader finds a whole one or none."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=self.directory, prefix=".archive-")
            try:
                with os.fdopen(handle, "wb") as sink:
                    if pack(entries, sink, str(label)) != label.checksum:
                        raise SourceError("The source changed while it was read. Run again when nothing writes to it.")
                os.replace(temporary, self.path(release))
            except BaseException:
                os.unlink(temporary)
                raise
        except OSError as error:
            raise SourceError(f"{self.directory} cannot be written: {error.strerror}.") from error
        return self.path(release)

    def prune(self, keep: int, current: Path) -> None:
        """Remove all but the newest. The current one counts as the newest, whenever it was packed."""
        os.utime(current)
        archives = [path for path in self.directory.iterdir() if ARCHIVE_NAME.fullmatch(path.name)]
        for path in sorted(archives, key=lambda path: path.stat().st_mtime_ns, reverse=True)[keep:]:
            path.unlink(missing_ok=True)
