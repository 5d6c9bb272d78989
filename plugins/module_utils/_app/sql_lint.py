# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds SQL in migrations that a release before them may not survive. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Comments and strings are blanked, so that words in them do not count; lengths stay, so that line numbers do too.
_NOISE = re.compile(
    r"--[^\n]*|/\*.*?\*/|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag)|E?'(?:[^'\\]|\\.|'')*'", re.DOTALL | re.IGNORECASE
)
_NAME = r'(?:"[^"]+"|[\w.]+)'
_RULES = (
    (r"\bDROP\s+(?:TABLE|COLUMN|SCHEMA|DATABASE|VIEW|MATERIALIZED\s+VIEW|TYPE|FUNCTION|SEQUENCE)\b", "drops {0}"),
    (
        rf"\bALTER\s+TABLE\b[^;]*?\bDROP\s+(?!CONSTRAINT\b|DEFAULT\b|NOT\b|IDENTITY\b|EXPRESSION\b){_NAME}",
        "drops a column",
    ),
    (r"\bTRUNCATE\b", "empties a table"),
    (r"\bDELETE\s+FROM\b(?![^;]*\bWHERE\b)", "deletes all rows"),
    (r"\bRENAME\s+(?:COLUMN\s+|CONSTRAINT\s+|VALUE\s+)?(?:\S+\s+)?TO\b", "renames"),
    (rf"\bALTER\s+(?:COLUMN\s+)?{_NAME}\s+(?:SET\s+DATA\s+)?TYPE\b", "changes a column's type"),
    (r"\bSET\s+NOT\s+NULL\b", "forbids NULL in a column that exists"),
    (r"\bSET\s+SCHEMA\b", "moves to another schema"),
)
_COMPILED = tuple((re.compile(pattern, re.IGNORECASE), words) for pattern, words in _RULES)
_ADD_COLUMN = re.compile(
    r"\bADD\s+(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    r"(?!CONSTRAINT\b|PRIMARY\b|UNIQUE\b|FOREIGN\b|CHECK\b|VALUE\b|INDEX\b)"
    rf"{_NAME}\s+(?P<definition>[^,;]*(?:\([^)]*\)[^,;]*)*)",
    re.IGNORECASE,
)
_CONSENT = re.compile(r"--\s*izzzi:\s*compatible\b", re.IGNORECASE)


@dataclass(frozen=True)
class Finding:
    line: int
    what: str
    statement: str

    def __str__(self) -> str:
        return f"line {self.line} {self.what}: {self.statement}"


def lint(sql: str) -> list[Finding]:
    """Return destructive statements, one by one. A comment `-- izzzi: compatible` in front of one accepts it."""
    blanked = _NOISE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), sql)
    findings, start = [], 0
    for end in [match.start() for match in re.finditer(";", blanked)] + [len(blanked)]:
        statement, original = blanked[start:end], sql[start:end]
        if statement.strip() and not _CONSENT.search(original):
            first = start + len(statement) - len(statement.lstrip())
            for what in _judge(statement):
                findings.append(Finding(sql.count("\n", 0, first) + 1, what, " ".join(sql[first:end].split())[:100]))
        start = end + 1
    return findings


def _judge(statement: str) -> list[str]:
    found = []
    for pattern, words in _COMPILED:
        if match := pattern.search(statement):
            kind = " ".join(match[0].split()[1:]).lower()
            found.append(words.format(f"a {kind}"))
    if re.search(r"\bALTER\s+TABLE\b", statement, re.IGNORECASE):
        for match in _ADD_COLUMN.finditer(statement):
            definition = match["definition"].upper()
            if "NOT NULL" in definition and not re.search(r"\bDEFAULT\b|\bGENERATED\b|SERIAL\b", definition):
                found.append("adds a column NOT NULL without a default")
    if "drops a column" in found and any(
        what != "drops a column" and "column" in what and what.startswith("drops") for what in found
    ):
        found.remove("drops a column")
    return list(dict.fromkeys(found))
