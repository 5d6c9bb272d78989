# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes YAML as people do: short things on one line, and comments beside them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

WIDTH = 120


def flow(value: Any) -> str:
    """Return a value on one line."""
    return yaml.safe_dump([value], default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False).strip()[
        1:-1
    ]


def plain(value: Any) -> str:
    """Return a single value that stands alone after its key."""
    text = yaml.safe_dump({"k": value}, default_flow_style=False, width=10**6, allow_unicode=True).strip()
    return text.removeprefix("k:").strip()


def line(key: str, value: Any, indent: int = 0, comment: str = "") -> str:
    """Return `key: value`, with a comment behind it."""
    text = flow(value) if isinstance(value, (Mapping, list)) else plain(value)
    return f"{' ' * indent}{key}: {text}" + (f" # {comment}" if comment else "")


def block(key: str, values: Mapping[str, Any], indent: int = 0, comments: Mapping[str, str] | None = None) -> list[str]:
    """Return a dictionary with a line for each of its keys."""
    comments = comments or {}
    rows = [line(name, value, indent + 2, comments.get(name, "")) for name, value in values.items()]
    return [f"{' ' * indent}{key}:", *rows] if rows else []


def short(key: str, value: Any, indent: int = 0) -> list[str]:
    """Return a dictionary on one line where that is short, else by lines."""
    text = line(key, value, indent)
    return [text] if len(text) <= WIDTH or not isinstance(value, Mapping) else block(key, value, indent)


def scalar(text: str) -> Any:
    """Return a value of a `.env` file as YAML people write it: numbers without quotes."""
    return int(text) if re.fullmatch(r"0|[1-9]\d{0,8}", text) else text


def comment(text: str, indent: int = 0) -> list[str]:
    """Return lines of a comment, broken where they get long."""
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > WIDTH - indent:
            lines.append("")
        lines[-1] += f" {word}"
    return [f"{' ' * indent}#{text}" for text in lines]
