# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the tutorial: a text with commands, each of which gets what came of it. Pure.

In a block ```console a line with `$ ` is typed, with the lines `> ` after it. A line `~ PATTERN` below it keeps only
the lines of the answer in which that is found, `~` alone none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

ADDRESS = re.compile(r"\b198\.51\.100\.(?!(?:1|2)\b)\d+\b")  # of a droplet
FINGERPRINT = re.compile(r"\b(?:[0-9a-f]{2}:){15}[0-9a-f]{2}\b")  # of the key, on which user_data depends, too
HASH = re.compile(r"(user_data: sha256:)[0-9a-f]+")
# What two runs may have in different numbers: seconds, and how much a host's packages had to do.
VARIES = (
    (re.compile(r" *\b\d+(?:\.\d+)? s\b"), " N s"),
    (re.compile(r"\b\d+ changed +"), "N changed "),
    (re.compile(r"\b(ok|skipped)=\d+ +"), r"\1=N "),
)
SHOWN_ADDRESS = "198.51.100.20"
SHOWN_FINGERPRINT = "3b:1f:27:0c:94:e8:5a:d6:41:b7:7e:09:c2:63:f5:8d"
SHOWN_HOME = "/home/you"


@dataclass(frozen=True)
class Command:
    lines: tuple[str, ...]
    patterns: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def typed(self) -> str:
        """Return the command as a terminal shows it."""
        first, *more = self.lines
        return "\n".join([f"$ {first}", *(f"> {line}" for line in more)])

    def kept(self, answer: str) -> str:
        """Return the part of an answer that the page shows. Raise ValueError where what was to be seen is not there."""
        if not self.patterns:
            return answer if answer.endswith("\n") or not answer else f"{answer}\n"
        wanted = [pattern for pattern in self.patterns if pattern]
        lines = [line for line in answer.splitlines() if any(re.search(pattern, line) for pattern in wanted)]
        for pattern in wanted:
            if not any(re.search(pattern, line) for line in lines):
                raise ValueError(f"{pattern!r} is not found in what {self.lines[0]} answered:\n{answer}")
        return "".join(f"{line}\n" for line in lines)


def parse(template: str) -> Iterator[str | Command]:
    """Yield the template's lines, and its commands."""
    lines: list[str] = []
    patterns: list[str] = []
    is_console = False
    for line in [*template.splitlines(), None]:
        if lines and line is not None and line.startswith("> "):
            lines.append(line[2:])
            continue
        if lines and line is not None and line.startswith("~"):
            patterns.append(line[1:].strip())
            continue
        if lines:
            yield Command(tuple(lines), tuple(patterns))
            lines, patterns = [], []
        if line is None:
            return
        if line.startswith("```"):
            is_console = line == "```console"
        if is_console and line.startswith("$ "):
            lines.append(line[2:])
        else:
            yield f"{line}\n"


def shown(text: str, home: str) -> str:
    """Return a text with the home, address and key that each run has, and without spaces at the ends of lines."""
    replaced = ADDRESS.sub(SHOWN_ADDRESS, text.replace(home, SHOWN_HOME))
    replaced = HASH.sub(r"\g<1>5d41402abc4b2a76", FINGERPRINT.sub(SHOWN_FINGERPRINT, replaced))
    return re.sub(r"[ \t]+$", "", replaced, flags=re.MULTILINE)


def comparable(text: str) -> str:
    """Return a page without what two runs may have different: numbers, and the order of what is deleted."""
    for pattern, instead in VARIES:
        text = pattern.sub(instead, text)
    lines: list[str] = []
    for is_deleted, some in groupby(text.splitlines(keepends=True), lambda line: line.startswith("  - ")):
        rows = list(some)
        lines += sorted(rows) if is_deleted else rows
    return "".join(lines)
