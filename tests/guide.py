# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of docs/from-guide.md, as tests read them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/from-guide.md"


@dataclass(frozen=True)
class Row:
    """One command or address of the guide. `server` and `machine` are the commands of a cell, in their order."""

    guide: str
    server: tuple[str, ...]
    machine: tuple[str, ...]
    test: str


def rows() -> Iterator[Row]:
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) in (3, 4) and (test := re.fullmatch("`([^`]+)`", cells[-1].strip())):
            whole = re.fullmatch("`([^`]+)`", cells[0])
            server = commands(cells[1]) if len(cells) == 4 else ()
            yield Row(whole[1] if whole else cells[0], server, commands(cells[-2]), test[1])


def commands(cell: str) -> tuple[str, ...]:
    """The code of a cell, as it is typed from a checkout."""
    return tuple(re.findall("`([^`]+)`", cell))
