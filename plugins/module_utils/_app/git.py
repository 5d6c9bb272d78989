# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One commit of a remote git repository: which one a revision means, its date, its files. Never asks, never hangs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from .._secrets.mask import mask
from .source import SourceError

FULL_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# git asks this snippet for the URL's user and password, so that they are in no argument list.
_CREDENTIAL_HELPER = '!f() { printf "username=%s\\npassword=%s\\n" "$IZZZI_GIT_USERNAME" "$IZZZI_GIT_PASSWORD"; }; f'


# No hooks, no line-end conversion: the files are what the commit has, on every controller.
PLAIN = ("-c", "core.hooksPath=/dev/null", "-c", "core.autocrlf=false", "-c", "advice.detachedHead=false")


def has_login(repository: str) -> bool:
    """Return whether somebody's name or password stands in an address by HTTP."""
    try:
        parts = urlsplit(repository)
    except ValueError:
        return "@" in repository  # who cannot read it does not show it
    return parts.scheme in ("http", "https") and "@" in parts.netloc


@dataclass(frozen=True)
class Remote:
    """Split a repository's address from its credentials."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, repository: str) -> Remote:
        if not repository or repository.startswith("-") or any(character.isspace() for character in repository):
            raise SourceError("repository is not a git URL or path.")
        if os.path.isdir(os.path.expanduser(repository)):
            return cls(os.path.abspath(os.path.expanduser(repository)))  # git runs in other directories
        try:
            parts = urlsplit(repository)
        except ValueError as error:
            raise SourceError(f"repository is not a git URL: {error}.") from error
        if not has_login(repository):
            return cls(repository)
        address = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        # A lone user is an access token; servers then take any password.
        return cls(address, unquote(parts.username or ""), unquote(parts.password or ""))

    @property
    def work_tree(self) -> Path | None:
        """Return the directory where somebody edits the files, when the repository is one on the controller."""
        return Path(self.url) if (Path(self.url) / ".git").exists() else None

    @property
    def is_local(self) -> bool:
        return self.url.startswith("file://") or os.path.isdir(self.url)

    @property
    def secrets(self) -> list[str]:
        return [self.password] if self.password else [self.username] if self.username else []

    def environment(self) -> dict[str, str]:
        settings = {
            "LC_ALL": "C",
            "TZ": "UTC",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"),
        }
        if self.secrets:
            # For this host alone: a submodule somewhere else gets the user's own credentials for there, or none.
            key = f"credential.{urlunsplit(urlsplit(self.url)._replace(path='', query='', fragment=''))}.helper"
            settings |= {
                "IZZZI_GIT_USERNAME": self.username,
                "IZZZI_GIT_PASSWORD": self.password,
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": key,
                "GIT_CONFIG_VALUE_0": "",  # forget the user's helpers: the URL's credentials are the ones to use
                "GIT_CONFIG_KEY_1": key,
                "GIT_CONFIG_VALUE_1": _CREDENTIAL_HELPER,
            }
        # A GIT_DIR of the caller (a git hook, for example) would point git at another repository.
        others = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE")
        inherited = {key: value for key, value in os.environ.items() if key not in others}
        return inherited | settings


class Git:
    """Runs git for one remote. `timeout` is for each command."""

    def __init__(self, remote: Remote, timeout: float, program: str = "git"):
        self.remote = remote
        self._timeout = timeout
        self._program = program

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        code, output, errors = self._run(*arguments, cwd=cwd)
        if code:
            raise self._failure(errors)
        return output

    def names(self, *arguments: str, cwd: Path) -> list[str]:
        """Return the paths that git lists with -z."""
        return [name for name in self.run(*arguments, cwd=cwd).split("\0") if name]

    def agrees(self, *arguments: str, cwd: Path) -> bool:
        """Return the answer of a command that ends with 0 for yes and 1 for no."""
        code, _output, errors = self._run(*arguments, cwd=cwd)
        if code > 1:
            raise self._failure(errors)
        return code == 0

    def has(self, *arguments: str) -> bool:
        """Return whether git has a command."""
        return self._run(*arguments)[0] == 0

    def _failure(self, errors: str) -> SourceError:
        reason = " ".join(mask(errors, self.remote.secrets).split())[-300:]
        return SourceError(f"{self.remote.url} cannot be read by git: {reason}")

    def _run(self, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
        # A session of its own: on time-out, git's children (ssh, the http helper) end with it.
        try:
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            process = subprocess.Popen(
                [self._program, *arguments],
                cwd=cwd,
                env=self.remote.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",  # names are bytes
                start_new_session=True,
            )
        except OSError as error:
            raise SourceError(f"git cannot be run on the controller: {error.strerror}. Install git.") from error
        try:
            output, errors = process.communicate(timeout=self._timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise SourceError(f"{self.remote.url} did not answer git within {self._timeout:g} s.") from None
        return process.returncode, output, errors.encode("utf-8", "surrogateescape").decode("utf-8", "replace")

    def refuse_dirty(self) -> None:
        """Raise SourceError with the changes of a work tree, whose commit is not what its owner sees."""
        if self.remote.work_tree is None:
            return
        status = ("-c", "core.fsmonitor=false", "--no-optional-locks", "status", "--porcelain")
        changes = self.run(*status, cwd=self.remote.work_tree).splitlines()
        if changes:
            shown = ", ".join(line[3:] for line in changes[:5]) + (", ..." if len(changes) > 5 else "")
            raise SourceError(
                f"{self.remote.url} has changes that are in no commit: {shown}. Commit or stash them, or deploy the"
                " directory as it is: `path` instead of `repository` and `revision`."
            )

    def resolve(self, revision: str) -> str:
        """Return the full sha that a full sha, a tag or a branch means now."""
        if FULL_SHA.fullmatch(revision):
            return revision
        return pick_revision(revision, parse_refs(self.run("ls-remote", "--", self.remote.url)), self.remote.url)

    def fetch(self, sha: str, into: Path) -> str:
        """Put the commit's files into an empty directory. Return its date (UTC, YYYYMMDD)."""
        self.run("init", "--quiet", "--template=", ".", cwd=into)
        # Protocol 2 gives any commit by its sha, whatever the server's default.
        fetch = ("-c", "protocol.version=2", "fetch", "--quiet", "--depth=1", "--no-tags", "--")
        self.run(*fetch, self.remote.url, sha, cwd=into)
        self.run(*PLAIN, "checkout", "--quiet", "--detach", "FETCH_HEAD", "--", cwd=into)
        return self.run("show", "--no-patch", "--format=%cd", "--date=format-local:%Y%m%d", "HEAD", cwd=into).strip()


def parse_refs(listing: str) -> dict[str, str]:
    """Parse `git ls-remote` into name and sha. An annotated tag is the commit that it points at."""
    refs = {name: sha for sha, name in (line.split("\t", 1) for line in listing.splitlines() if "\t" in line)}
    return refs | {name.removesuffix("^{}"): sha for name, sha in refs.items() if name.endswith("^{}")}


def pick_revision(revision: str, refs: dict[str, str], url: str) -> str:
    full_names: Sequence[str] = (
        [revision]
        if revision.startswith("refs/") or revision == "HEAD"
        else [f"refs/tags/{revision}", f"refs/heads/{revision}"]
    )
    found = {refs[name] for name in full_names if name in refs}
    if not found:
        raise SourceError(f"{url} has no tag or branch {revision!r}. A commit needs its full sha (40 digits).")
    if len(found) > 1:
        raise SourceError(f"{url} has a tag and a branch {revision!r}. Write {' or '.join(full_names)}.")
    return found.pop()
