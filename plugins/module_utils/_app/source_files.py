# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a directory are the app's source: what git knows, what nobody ignores, and no secrets in silence."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .dockerignore import DockerIgnore, copied
from .git import Git, Remote
from .source import Entry, SourceError, is_match, make_entry

# What installers and builds make, for directories that no .gitignore speaks of.
MADE = ("node_modules", ".next", "dist")
SECRET = re.compile(r"\.env(?:rc|\.(?!(?:example|sample|template|dist)$).*)?", re.IGNORECASE)
DOCKERFILE = re.compile(r"Dockerfile(\..*)?|.*\.(Dockerfile|dockerignore)|\.dockerignore", re.IGNORECASE)
SHOWN = 8
REASONS = {
    "secret": "may hold secrets; what a build needs of them is named in `include`",
    "exclude": "in `exclude`",
    "git": "ignored by git",
    "made": "made by an installer or a build",
    "docker": "in .dockerignore",
}


@dataclass
class Listing:
    """Paths below the root. `ignored` are files, and directories as a whole."""

    tracked: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    reason: str = "git"

    def below(self, prefix: str) -> Listing:
        there = ([f"{prefix}/{name}" for name in names] for names in (self.tracked, self.loose, self.ignored))
        return Listing(*there, reason=self.reason)

    def add(self, other: Listing) -> None:
        self.tracked += other.tracked
        self.loose += other.loose
        self.ignored += other.ignored


@dataclass(frozen=True)
class Rules:
    """What the caller says beside the ignore files. `keep` are files that he reads himself."""

    exclude: Sequence[str] = ()
    include: Sequence[str] = ()
    keep: Sequence[str] = ()
    leave_out: Path | None = None


@dataclass
class Selection:
    """The source's files in a fixed order, and what was left out, by reason."""

    entries: list[Entry]
    left_out: dict[str, list[str]]

    def note(self) -> str:
        """Say what was left out, in a bounded text."""
        parts = []
        for reason, names in sorted(self.left_out.items(), key=lambda item: list(REASONS).index(item[0])):
            more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
            parts.append(f"{', '.join(names[:SHOWN])}{more} ({REASONS[reason]})")
        return f"Left out of the source: {'; '.join(parts)}." if parts else ""


def select(root: Path, rules: Rules, timeout: float = 120) -> Selection:
    """Select the files of a directory as it is, with changes that are in no commit."""
    if not root.is_dir():
        raise SourceError(f"{root} is not a directory. Set path to the directory that holds the app's source.")
    root = root.resolve()
    git = Git(Remote(str(root)), timeout)
    listing = git_listing(git, root) if in_work_tree(git, root) else directory_listing(root, rules)
    return Choice(root, rules, listing).selection()


def select_all(root: Path, rules: Rules) -> Selection:
    """Select the files of a checkout, which holds what a commit has and nothing else."""
    names = [name for name in walk(root.resolve()) if ".git" not in name.split("/")]
    return Choice(root.resolve(), rules, Listing(tracked=names)).selection()


def in_work_tree(git: Git, root: Path) -> bool:
    """Return whether git manages the directory. One that a repository around it ignores is not the repository's."""
    if not any((directory / ".git").exists() for directory in (root, *root.parents)):
        return False
    return not git.agrees("check-ignore", "--quiet", ".", cwd=root)


def git_listing(git: Git, root: Path) -> Listing:
    """List what git knows, what is new and what it ignores, in submodules and in repositories inside, too."""
    ask = ("-c", "core.fsmonitor=false", "--no-optional-locks", "ls-files", "-z")
    others = ("--others", "--exclude-standard")
    listing = Listing(ignored=git.names(*ask, *others, "--ignored", "--directory", cwd=root))
    for line in git.names(*ask, "--stage", cwd=root):
        head, _tab, name = line.partition("\t")
        if head.startswith("160000"):
            listing.add(_inside(git, root, name, f"git -C {root} submodule update --init --recursive"))
        elif os.path.lexists(root / name):
            listing.tracked.append(name)
    for name in git.names(*ask, *others, cwd=root):
        listing.add(_inside(git, root, name.rstrip("/"), "") if name.endswith("/") else Listing(loose=[name]))
    return listing


def _inside(git: Git, root: Path, name: str, cure: str) -> Listing:
    """List a repository inside the repository."""
    if not (root / name / ".git").exists():
        raise SourceError(f"{root / name} is a submodule that is not checked out. Run: {cure}")
    return git_listing(git, root / name).below(name)


def directory_listing(root: Path, rules: Rules) -> Listing:
    """List a directory that git does not manage. Directories that are left out as a whole are not entered."""
    listing = Listing(reason="made")

    def enter(name: str) -> bool:
        if posixpath.basename(name) in MADE:
            listing.ignored.append(f"{name}/")
            return False
        return not is_match(name, rules.exclude) and root / name != rules.leave_out

    listing.loose += walk(root, enter=enter)
    return listing


def walk(root: Path, prefix: str = "", enter=lambda name: True) -> Iterator[str]:
    try:
        found = sorted(os.scandir(root / prefix), key=lambda item: item.name)
    except OSError as error:
        raise SourceError(f"{root / prefix} cannot be read: {error.strerror}.") from error
    for item in found:
        name = f"{prefix}/{item.name}" if prefix else item.name
        if item.name == ".git":
            continue
        if not item.is_dir(follow_symlinks=False):
            yield name
        elif enter(name):
            yield from walk(root, name, enter)


class Choice:
    """Decide about each path of a listing."""

    def __init__(self, root: Path, rules: Rules, listing: Listing):
        self.root = root
        self.rules = rules
        self.listing = listing
        self.left_out: dict[str, list[str]] = {}
        ignore = root / ".dockerignore"
        self.ignore = DockerIgnore(ignore.read_text("utf-8", "replace") if ignore.is_file() else "")

    def selection(self) -> Selection:
        chosen = [name for name in self.listing.tracked if self.takes(name, tracked=True)]
        chosen += [name for name in self.listing.loose if self.takes(name, tracked=False)]
        chosen += self.asked_for(chosen)
        entries = [make_entry(self.root, name) for name in dict.fromkeys(chosen)]
        if not entries:
            raise SourceError(f"{self.root} has no files (what is ignored is left out): there is nothing to deploy.")
        entries.sort(key=lambda entry: os.fsencode(entry.name))
        return Selection(
            entries, {reason: sorted({shown(n) for n in names}) for reason, names in self.left_out.items()}
        )

    def takes(self, name: str, tracked: bool) -> bool:
        out = self.rules.leave_out
        if out and out in (self.root / name, *(self.root / name).parents):
            return False
        reason = self.reason(name, tracked)
        if reason:
            self.left_out.setdefault(reason[0], []).append(reason[1])
        return not reason

    def reason(self, name: str, tracked: bool) -> tuple[str, str] | None:
        """Return why a path is left out, and the highest directory for which that holds."""
        if top := first(name, lambda path: is_match(path, self.rules.exclude)):
            return "exclude", top
        if name in self.rules.keep or first(name, lambda path: is_match(path, self.rules.include)):
            return None
        if SECRET.fullmatch(posixpath.basename(name)):
            return "secret", name
        if not tracked and self.ignore.ignores(name) and not DOCKERFILE.fullmatch(posixpath.basename(name)):
            return "docker", name if self.ignore.has_exceptions else first(name, self.ignore.ignores)
        return None

    def asked_for(self, chosen: Iterable[str]) -> list[str]:
        """Return what is ignored, and yet named by `include` or by a Dockerfile's COPY."""
        ignored = {name.rstrip("/"): name for name in self.listing.ignored}
        paths = {name for name in ignored if is_match(name, self.rules.include)}
        paths |= set(self._globbed([pattern for pattern in self.rules.include if "/" in pattern.strip("/")]))
        paths |= set(self._globbed(self._copied(chosen)))
        found: list[str] = []
        for path in sorted(paths):
            if top := first(path, ignored.__contains__):
                ignored.pop(top, None)
                below = walk(self.root, path) if self._is_directory(path) else [path]
                found += [name for name in below if self.takes(name, tracked=False)]
        for name in ignored.values():
            secret = SECRET.fullmatch(posixpath.basename(name))
            self.left_out.setdefault("secret" if secret else self.listing.reason, []).append(name)
        return found

    def _copied(self, chosen: Iterable[str]) -> Iterator[str]:
        for name in chosen:
            if re.fullmatch(r"Dockerfile(\..*)?|.*\.Dockerfile", posixpath.basename(name), re.IGNORECASE):
                text = (self.root / name).read_text("utf-8", "replace")
                for source in copied(text):
                    yield source
                    yield posixpath.join(posixpath.dirname(name), source.lstrip("/"))

    def _globbed(self, patterns: Iterable[str]) -> Iterator[str]:
        for pattern in patterns:
            path = posixpath.normpath(pattern.strip("/") or ".")
            if path == "." or path.startswith(".."):
                continue
            for found in self.root.glob(path):
                yield found.relative_to(self.root).as_posix()

    def _is_directory(self, path: str) -> bool:
        return (self.root / path).is_dir() and not (self.root / path).is_symlink()


def shown(name: str) -> str:
    """Return a path as text; paths are bytes."""
    return os.fsencode(name).decode("utf-8", "replace")


def first(name: str, holds) -> str:
    """Return the highest directory above a path, or the path itself, for which something holds. Empty when for none."""
    parts = name.split("/")
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[:count])
        if holds(path):
            return path if count == len(parts) else f"{path}/"
    return ""
