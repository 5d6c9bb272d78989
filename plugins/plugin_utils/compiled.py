# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps what Jinja makes of a template. Ansible compiles a template each time that it meets it, in each process that it
forks for a task and host, and that takes several times as long as rendering: docs/decisions/0035-speed-of-runs.md."""

from __future__ import annotations

import marshal
import os
import struct
import tempfile
import threading
import zlib
from contextlib import suppress
from types import CodeType

import jinja2
from jinja2.environment import TemplateExpression

HEAD = struct.Struct("!II")  # a record's length and checksum
SETTINGS = (
    "block_start_string",
    "block_end_string",
    "variable_start_string",
    "variable_end_string",
    "comment_start_string",
    "comment_end_string",
    "line_statement_prefix",
    "line_comment_prefix",
    "trim_blocks",
    "lstrip_blocks",
    "newline_sequence",
    "keep_trailing_newline",
    "optimized",
    "autoescape",
    "is_async",
)
TEMPLATE, EXPRESSION = "template", "expression"


class Codes:
    """Code by what it was made of: of this process, and of those that it has forked, by a file that has no name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as the process
        self._known: dict[tuple, CodeType] = {}
        self._end = 0

    def get(self, key: tuple | None) -> CodeType | None:
        """Return the code that is known of something."""
        return self._known.get(key) if key else None

    def add(self, key: tuple | None, code: CodeType) -> None:
        """Keep code, and tell the other processes. One that cannot write goes on alone."""
        if key:
            self._known[key] = code
            record = marshal.dumps((key, code))
            with suppress(OSError):
                self._file.write(HEAD.pack(len(record), zlib.crc32(record)) + record)

    def learn(self) -> None:
        """Read what was added since. A record that is not yet whole is read the next time."""
        number = self._file.fileno()
        data = memoryview(os.pread(number, os.fstat(number).st_size - self._end, self._end))
        while len(data) >= HEAD.size:
            length, checksum = HEAD.unpack_from(data)
            record = data[HEAD.size : HEAD.size + length]
            if len(record) < length or zlib.crc32(record) != checksum:
                return
            key, code = marshal.loads(record)
            self._known.setdefault(key, code)
            self._end += HEAD.size + length
            data = data[HEAD.size + length :]


def key_of(environment: jinja2.Environment, source: str, kind: str) -> tuple | None:
    """Return all that the code depends on. None where that is not known: Ansible has two ways to read a backslash in a
    template, and other environments than its own have other filters."""
    if not type(environment).__module__.startswith("ansible.") or (kind == TEMPLATE and "\\" in source):
        return None
    settings = tuple(getattr(environment, name) for name in SETTINGS)
    return (kind, *settings, *environment.extensions, str.__str__(source))  # without Ansible's tags


def keep_code(codes: Codes) -> None:
    """Let Jinja ask for known code before it compiles."""
    compile_all, compile_expression = jinja2.Environment.compile, jinja2.Environment.compile_expression
    latest = threading.local()

    def remember(self, source, name=None, filename=None, raw=False, defer_init=False):
        is_text = isinstance(source, str) and name is None and filename is None and not raw and not defer_init
        key = key_of(self, source, TEMPLATE) if is_text else None
        if not (code := codes.get(key)):
            latest.code = code = compile_all(self, source, name, filename, raw, defer_init)
            codes.add(key, code)
        return code

    def remember_expression(self, source, undefined_to_none=True):
        key = key_of(self, source, EXPRESSION)
        if code := codes.get(key):
            template = self.template_class.from_code(self, code, self.make_globals(None))
            return TemplateExpression(template, undefined_to_none)
        expression = compile_expression(self, source, undefined_to_none)
        codes.add(key, latest.code)
        return expression

    jinja2.Environment.compile, jinja2.Environment.compile_expression = remember, remember_expression
