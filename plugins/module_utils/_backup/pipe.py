# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Joins two programs. Both have to succeed: the end of a stream says nothing of its beginning's program."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping, Sequence

from .._app.program import CommandError

LINES = 25


def pipe(
    producer: Sequence[str], consumer: Sequence[str], *, timeout: float, env: Mapping[str, str] | None = None
) -> str:
    """Feed one program's output to another and return what that one prints. `env` is the producer's environment.
    Raise CommandError when either fails; the producer is named first, since the other one fails because of it."""
    with tempfile.TemporaryFile() as words, tempfile.TemporaryFile() as answer:
        # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
        first = subprocess.Popen(
            producer, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, env=dict(env) if env else None
        )
        try:
            # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
            second = subprocess.run(
                consumer, stdin=first.stdout, stdout=answer, stderr=subprocess.STDOUT, timeout=timeout, check=False
            )
            first.stdout.close()  # or a producer would wait for ever for a reader that is gone
            ended = first.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise CommandError(f"{' '.join(consumer[:4])} ... took longer than {timeout:.0f} s.") from error
        finally:
            first.kill()
            first.wait()
        said = [_text(words), _text(answer)]
    if problem := failure([producer, consumer], [ended, second.returncode], said):
        raise CommandError(problem)
    return said[1]


def failure(commands: Sequence[Sequence[str]], codes: Sequence[int], said: Sequence[str]) -> str:
    """Say which of both programs failed and its last words, empty when neither did. One that was ended because
    nobody read any more (SIGPIPE, 141) has not failed by itself."""
    order = [1, 0] if codes[0] in (-13, 141) else [0, 1]
    for index in order:
        if codes[index]:
            head = f"{' '.join(commands[index][:3])} ... exited with {codes[index]}:"
            return "\n".join([head, *said[index].strip().splitlines()[-LINES:]])
    return ""


def _text(file) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
