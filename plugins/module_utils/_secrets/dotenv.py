# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The .env format as Docker Compose reads it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What needs no quotes: nothing in it means anything to Compose or to a shell.
_PLAIN = re.compile(r"[A-Za-z0-9_./:@%+,=-]+")
_ESCAPES = {"\\": r"\\", '"': r"\"", "$": r"\$", "\n": r"\n", "\r": r"\r"}
_ESCAPE = re.compile(r"""[\\"$\n\r]""")
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = dict(zip('abfnrtv"\\$', '\a\b\f\n\r\t\v"\\$', strict=True))

_BLANKS = r"\t\v\f\r \x85\xa0"  # what Compose skips before a value; after one it trims every Unicode blank
_END_BLANKS = "\t\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_LINE = re.compile(
    rf"""[{_BLANKS}]*(?:export[{_BLANKS}]+)?(?!export[{_BLANKS}])(?P<name>[A-Za-z_][A-Za-z0-9_]*)[{_BLANKS}]*=[{_BLANKS}]*
        (?:"(?P<double>(?:[^"\\]|\\.)*)"[{_BLANKS}]*(?:\#[^\n]*)?
          |'(?P<single>(?:[^'\\]|\\.)*)'[{_BLANKS}]*(?:\#[^\n]*)?
          |(?P<plain>[^'"\n{_BLANKS}][^\n]*)?)(?:\n|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_NOTHING = re.compile(rf"[{_BLANKS}]*(?:\#[^\n]*)?(?:\n|\Z)")


def to_dotenv(variables: Mapping[str, Any], sort: bool = False) -> str:
    """Return the .env text of the variables. Raise ValueError with the name of one that has no such text."""
    if not isinstance(variables, Mapping):
        raise ValueError(f"it needs a dictionary, not {type(variables).__name__}.")
    items = sorted(variables.items()) if sort else variables.items()
    return "".join(f"{_name(name)}={_quote(_text(name, value))}\n" for name, value in items)


def _name(name: Any) -> str:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a name of an environment variable (letters, digits and _, no digit first).")
    return name


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if value is None:
        raise ValueError(f"{name} has no value. Write '' for an empty one or remove the key.")
    if not isinstance(value, str):
        raise ValueError(f"{name} is a {type(value).__name__}. Only text, numbers and booleans fit; use to_json first.")
    if "\0" in value:
        raise ValueError(f"{name} has a NUL character, which no environment variable can hold.")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(f"{name} is not valid Unicode text.") from error
    return value


def _quote(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return '"' + _ESCAPE.sub(lambda match: _ESCAPES[match[0]], text) + '"'


def from_dotenv(text: str) -> dict[str, str]:
    """Parse .env text. Raise ValueError with the line that is not understood."""
    text = text.replace("\r\n", "\n")
    variables: dict[str, str] = {}
    position = 0
    while position < len(text):
        if nothing := _NOTHING.match(text, position):
            position = nothing.end()
            continue
        line = _LINE.match(text, position)
        number = text.count("\n", 0, position) + 1
        if not line:
            raise ValueError(f"line {number} is not NAME=value.")
        try:
            variables[line["name"]] = _value(line)
        except ValueError as error:
            raise ValueError(f"line {number}, {line['name']}: {error}") from error
        position = line.end()
    return variables


def _value(line: re.Match[str]) -> str:
    if line["single"] is not None:
        return line["single"]
    if line["double"] is not None:
        if "$" in re.sub(r"\\.|\$\$", "", line["double"], flags=re.DOTALL):
            raise ValueError("references to other variables ($NAME) are not supported; write \\$ for a dollar sign.")
        return _UNESCAPE.sub(_unescape, line["double"].replace("$$", "$"))
    plain = (line["plain"] or "").partition(" #")[0].rstrip(_END_BLANKS)
    if "$" in plain:
        raise ValueError("references to other variables ($NAME) are not supported; quote the value: '...'.")
    return plain


def _unescape(escape: re.Match[str]) -> str:
    if escape[1] == "0":
        raise ValueError("octal escapes are not supported; write the character itself.")
    return _UNESCAPED.get(escape[1], escape[0])
