# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables in a declaration, with all forms and the meaning that Docker Compose gives them. Pure.

The oracle is `docker compose config`: tests/e2e compares what both make of hundreds of texts. One thing is narrower
here: a bracket that is opened within a `${...:-word}` must be closed within it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_BEGIN = re.compile(r"\$[${A-Za-z_]")  # any other dollar sign is one
_OPERATOR = re.compile(r":?[-?+]")

# pylint: disable=unsupported-binary-operation  # pylint is told of Python 3.8; hosts have 3.11 or newer
Values = Mapping[str, Any]
Missing = dict[str, str | None]  # by name the message of its `?`; None for one without an operator


class VariableError(ValueError):
    """A text that Compose would refuse, or a variable that nothing defines."""


@dataclass(frozen=True)
class Variable:
    """`${name}`, or `${name<operator>word}`, where the word may hold variables itself."""

    name: str
    operator: str = ""
    word: Text = ()

    def is_set(self, values: Values) -> bool:
        """Return whether it counts as set. With a colon an empty value does not."""
        value = values.get(self.name)
        return value is not None and not (self.operator.startswith(":") and scalar(value) == "")


Text = tuple[str | Variable, ...]


def scalar(value: Any) -> str:
    """Return a value of YAML as Compose puts it into a text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parse(text: str) -> Text:
    """Split a text into its parts. Raise VariableError for brackets that are not a variable."""
    parts, _end = _parse(text, 0, "")
    return parts


def _parse(text: str, at: int, closing: str) -> tuple[Text, int]:
    """Return the parts up to the closing bracket, or to the end, and the position there. Count brackets within."""
    parts: list[str | Variable] = []
    plain, depth = "", 0
    while at < len(text):
        if closing and text[at] == closing and not depth:
            break
        if not _BEGIN.match(text, at):
            depth += {"{": 1, closing: -1}.get(text[at], 0)
            plain, at = plain + text[at], at + 1
        elif text.startswith("$$", at):
            plain, at = plain + "$", at + 2
        else:
            if plain:
                parts.append(plain)
            plain = ""
            variable, at = _variable(text, at)
            parts.append(variable)
    else:
        if closing:
            raise VariableError(f"{text!r} has a ${{ without its }}.")
    return (*parts, plain) if plain else tuple(parts), at


def _variable(text: str, at: int) -> tuple[Variable, int]:
    """Return the variable whose dollar sign is at this position, and the position after it."""
    braced = text.startswith("${", at)
    name = _NAME.match(text, at + 1 + braced)
    if not name:
        raise VariableError(f"{text!r} has a ${{ without a name. A dollar sign itself is written $$.")
    if not braced:
        return Variable(name[0]), name.end()
    operator = _OPERATOR.match(text, name.end())
    word, end = _parse(text, operator.end(), "}") if operator else ((), name.end())
    if not text.startswith("}", end):
        raise VariableError(f"{text!r} has a ${{ without its }}.")
    return Variable(name[0], operator[0] if operator else "", word), end + 1


def interpolate(value: Any, values: Values) -> Any:
    """Return a copy of a text or structure with its variables resolved; keys of dictionaries stay. Raise VariableError
    for a variable that nothing defines: Compose would warn and put nothing there."""
    found: Missing = {}
    result = _resolve(value, values, found)
    for name, message in found.items():
        raise VariableError(f"${{{name}}} is not defined{': ' + message if message else ''}.")
    return result


def missing(value: Any, values: Values) -> dict[str, str]:
    """Return the variables that must be defined and are not, each with the message that its `?` gives."""
    found: Missing = {}
    _resolve(value, values, found)
    return {name: message or "" for name, message in found.items()}


def names(value: Any) -> set[str]:
    """Return every name that a text or structure refers to, in defaults too. A text that is not valid has none."""
    return {variable.name for _place, text in texts(value) for variable in _variables(text)}


def in_order(text: str) -> list[str]:
    """Return the names that a text refers to in the order in which they stand. A text that is not valid has none."""
    return list(dict.fromkeys(variable.name for variable in _variables(text)))


def filled(text: str, values: Values) -> str:
    """Return a text as it is with no more than these values. What has neither value nor default is empty; a text that
    is not valid stays."""
    try:
        return str(_resolve(text, values, {}))
    except VariableError:
        return text


def problems(value: Any, values: Values, place: str, cure: str) -> list[str]:
    """Find what is wrong with the variables of a structure, each with the place below `place`; `cure` says where a
    variable could be defined."""
    found = []
    for where, text in texts(value, place):
        try:
            for name, message in missing(text, values).items():
                why = f" ({message})" if message else ""
                found.append(f"{where} needs ${{{name}}}{why}, and nothing defines it: {cure}.")
        except VariableError as error:
            found.append(f"{where}: {error}")
    return found


def _resolve(value: Any, values: Values, missing: Missing) -> Any:
    if isinstance(value, str):
        return "".join(_part(part, values, missing) for part in parse(value)) if "$" in value else value
    if isinstance(value, Mapping):
        return {key: _resolve(item, values, missing) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_resolve(item, values, missing) for item in value]
    return value


def _part(part: str | Variable, values: Values, missing: Missing) -> str:
    if isinstance(part, str):
        return part
    is_set, kind = part.is_set(values), part.operator[-1:]
    within: Missing = {}
    word = "".join(_part(item, values, within) for item in part.word)
    is_used = is_set == (kind == "+") and kind in ("+", "-")
    # Compose asks for what is required also where the word is not used.
    missing |= {name: message for name, message in within.items() if is_used or message is not None}
    if is_used:
        return word
    if is_set:
        return scalar(values[part.name]) if kind != "+" else ""
    if kind in ("", "?"):
        missing[part.name] = word if kind else None
    return ""


def texts(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of a structure with its place: `services.web.command[0]`."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts(item, f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value):
            yield from texts(item, f"{place}[{number}]")


def _variables(text: str) -> Iterator[Variable]:
    try:
        waiting = [*parse(text)]
    except VariableError:
        return
    while waiting:
        part = waiting.pop(0)
        if isinstance(part, Variable):
            waiting[:0] = part.word
            yield part
