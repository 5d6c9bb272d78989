# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes YAML as people do: short things on one line, and comments beside them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

try:
    import yaml
except ImportError:  # a host without it: inventories are written on the controller
    yaml = None

WIDTH = 120


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    is_flow = bool(dumper.default_flow_style)  # on one line braces need quotes, alone they do not
    alone = yaml.safe_dump([text], default_flow_style=is_flow, width=10**6, allow_unicode=True).lstrip("[- ")
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if alone.startswith(("'", '"')) else None)


class Literal(str):
    """A text of somebody else's that looks like a template and must never be one."""


def _literal(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("!unsafe", text, style='"')


def untrusted(value: Any) -> Any:
    """Return a copy of a value in which no text is a template."""
    if isinstance(value, Mapping):
        return {key: untrusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [untrusted(item) for item in value]
    return Literal(value) if isinstance(value, str) and any(sign in value for sign in ("{{", "{%", "{#")) else value


@cache
def _dumper() -> type:
    """Return what quotes what needs quotes with double ones, as this project does."""

    class Dumper(yaml.SafeDumper):
        pass

    Dumper.add_representer(str, _text)
    Dumper.add_representer(Literal, _literal)
    return Dumper


def _dump(value: Any, is_flow: bool) -> str:
    given: dict[str, Any] = {"width": 10**6, "allow_unicode": True, "sort_keys": False}
    return yaml.dump(value, Dumper=_dumper(), default_flow_style=is_flow, **given).strip()


def flow(value: Any) -> str:
    """Return a value on one line, as a part of a list or of a dictionary on one line."""
    return _dump([value], True)[1:-1]


def line(key: str, value: Any, indent: int = 0, comment: str = "") -> str:
    """Return `key: value`, with a comment behind it."""
    is_single = not isinstance(value, (Mapping, list))
    text = _dump({key: value}, False) if is_single else f"{key}: {flow(value)}"
    return f"{' ' * indent}{text}" + (f" # {comment}" if comment else "")


def block(key: str, values: Mapping[str, Any], indent: int = 0, comments: Mapping[str, str] | None = None) -> list[str]:
    """Return a dictionary with a line for each of its keys, or more where one would be long."""
    rows = [f"{' ' * indent}{key}:"] if values else []
    for name, value in values.items():
        rows += short(name, value, indent + 2, (comments or {}).get(name, ""))
    return rows


def short(key: str, value: Any, indent: int = 0, comment: str = "") -> list[str]:
    """Return a dictionary on one line where that is short, else by lines."""
    text = line(key, value, indent, comment)
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
