# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build leaves out and what its Dockerfile asks for: `.dockerignore` and `COPY`, as Docker reads them."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Iterator

_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(.*)", re.IGNORECASE)


class DockerIgnore:
    """Decide by the last pattern that matches a path or a directory above it; `!` lets in again."""

    def __init__(self, text: str):
        self._rules = list(_rules(text))

    @property
    def has_exceptions(self) -> bool:
        return any(exception for exception, _pattern in self._rules)

    def ignores(self, path: str) -> bool:
        parts = path.split("/")
        prefixes = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        ignored = False
        for exception, pattern in self._rules:
            if ignored == exception and any(pattern.fullmatch(prefix) for prefix in prefixes):
                ignored = not exception
        return ignored


def _rules(text: str) -> Iterator[tuple[bool, re.Pattern]]:
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        pattern = line.strip()
        exception = pattern.startswith("!")
        pattern = posixpath.normpath(pattern.removeprefix("!").strip()).strip("/")
        if pattern not in ("", "."):
            yield exception, re.compile(_translate(pattern), re.DOTALL)


def _translate(pattern: str) -> str:
    """Translate one of Go's path patterns to a regular expression. `**` stands for any number of directories."""
    result, position = "", 0
    while position < len(pattern):
        rest = pattern[position:]
        if found := re.match(r"\*\*/|\*+(?=\*\*)", rest):
            result += "(?:.*/)?" if found[0] == "**/" else ""
        elif found := re.match(r"\*\*", rest):
            result += ".*"
        elif found := re.match(r"\*", rest):
            result += "[^/]*"
        elif found := re.match(r"\?", rest):
            result += "[^/]"
        elif found := re.match(r"\[\^?[^\]]+\]", rest):
            result += found[0].replace("\\", "\\\\")
        else:
            found = re.match(r"\\.|.", rest, re.DOTALL)
            result += re.escape(found[0][-1])
        position += len(found[0])
    return result


def copied(dockerfile: str) -> list[str]:
    """Return the paths of the context that a Dockerfile copies by name, without other stages and addresses."""
    text = re.sub(r"(?m)^\s*#.*\n?", "", dockerfile)
    found = []
    for line in re.sub(r"\\[ \t]*\n", " ", text).splitlines():
        if match := _COPY.match(line):
            found += _sources(match[1])
    return found


def _sources(arguments: str) -> list[str]:
    flags = re.match(r"(?:--[\w-]+(?:=\S+)?\s+)*", arguments)[0]
    if "--from=" in flags:
        return []
    rest = arguments[len(flags) :].strip()
    try:
        words = json.loads(rest) if rest.startswith("[") else shlex.split(rest)
    except ValueError:
        return []
    return [word for word in words[:-1] if not re.search(r"\$|<<|://", word)]
