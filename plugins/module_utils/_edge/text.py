# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How nginx writes a configuration: directives, and blocks of them. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

# A directive or a comment as it is written, or a block: its head and what is in it.
Line: TypeAlias = "str | tuple[str, list[Line]]"


def text(lines: Iterable[Line], depth: int = 0) -> str:
    """Write lines and blocks, each block indented by four columns more."""
    margin, written = "    " * depth, []
    for line in lines:
        if isinstance(line, str):
            written.append(textwrap.indent(line.strip(), margin) + "\n")
        else:
            head, body = line
            written.append(f"{margin}{head} {{\n{text(body, depth + 1)}{margin}}}\n")
    return "".join(written)


def mapping(source: str, target: str, default: Any, values: Mapping[Any, Any] | None = None, kind: str = "map") -> Line:
    """Make a `map` (or a `geo`) that sets the variable `target` from `source`."""
    body: list[Line] = [f"{value} {result};" for value, result in (values or {}).items()]
    return f"{kind} {source} ${target}", [f"default {default};", *body]


def variable(name: str) -> str:
    """Make a name usable in a variable of nginx."""
    return name.replace("-", "_")
