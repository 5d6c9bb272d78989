# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs. A failure is an exception with the program's last words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# On a busy machine Docker's runtime now and then loses the process that was to become the program of a `docker exec`.
_NOT_BEGUN = re.compile(r"OCI runtime exec failed: .*connection reset by peer")
_TRIES = 3


class CommandError(Exception):
    """A program failed. `service` names the service whose logs explain it, if known."""

    def __init__(self, message: str, service: str = ""):
        super().__init__(message)
        self.service = service


def run(
    arguments: Sequence[str],
    *,
    timeout: float = 60,
    stdin: str | IO | None = None,
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """Return the program's standard output. `stdin` is a text or an open file. Raise CommandError when it fails."""
    given = {"input": stdin} if isinstance(stdin, str) else {"stdin": stdin or subprocess.DEVNULL}
    where = {"stdout": stdout, "stderr": stderr, "env": env, "cwd": cwd}
    only_text = stdout == subprocess.PIPE and (stdin is None or isinstance(stdin, str))
    try:
        for _try in range(_TRIES if only_text else 1):
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            process = subprocess.run(
                arguments, **given, **where, text=True, errors="replace", timeout=timeout, check=False
            )
            if process.returncode == 0 or not _NOT_BEGUN.fullmatch(f"{process.stdout}{process.stderr}".strip()):
                break
    except FileNotFoundError as error:
        raise CommandError(f"{arguments[0]} is not installed on this host.") from error
    except subprocess.TimeoutExpired as error:
        late = f"{' '.join(arguments[:4])} ... took longer than {timeout:.0f} s."
        raise CommandError("\n".join([late, *_words(error.stdout, error.stderr)])) from error
    if process.returncode != 0:
        ended = f"{' '.join(arguments[:3])} ... exited with {process.returncode}:"
        raise CommandError("\n".join([ended, *_words(process.stdout, process.stderr)]))
    return process.stdout or ""


def _words(*outputs: str | bytes | None) -> list[str]:
    """Return the last lines of what a program said; of one that was ended, Python has bytes."""
    texts = (said.decode(errors="replace") if isinstance(said, bytes) else said or "" for said in outputs)
    return "".join(texts).strip().splitlines()[-25:]
