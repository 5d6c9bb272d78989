# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares the `-e` variables that a person gave with a playbook's usage line, which says what it takes. Pure."""

from __future__ import annotations

import ipaddress
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .json_view import expression_problem

# What Ansible makes of words after a blank that are no NAME=VALUE.
LEFTOVER = "_raw_params"
ARGUMENT = re.compile(r"""(\[)?-e (?:(\w+)=([^\s\]]+)|'\{"(\w+)": (.+?)\}')""")


@dataclass(frozen=True)
class Argument:
    """One `-e` of a usage line. `kind` is the word in capitals, or choices between bars."""

    name: str
    kind: str
    is_required: bool

    def problem(self, value: Any) -> str:
        """Say what is wrong with the value. Return an empty text when nothing is."""
        if self.kind == "EXPRESSION" and isinstance(value, str):
            why = expression_problem(value)
            return f"{self.name} {why}" if why else ""
        wanted, accepts = _kind(self.kind)
        return "" if accepts(value) else f"{self.name} is {shown(value)}, and must be {wanted}"


def arguments(usage: str) -> list[Argument]:
    """Parse what a line such as `logs.yml [-e service=NAME] -e '{"command": "COMMAND"}'` takes."""
    found = []
    for optional, name, kind, json_name, json_kind in ARGUMENT.findall(usage):
        found.append(Argument(name or json_name, kind or json_kind.strip('["]'), not optional))
    return found


def usage_problem(values: Mapping[str, Any], usage: str) -> str:
    """Return one sentence and the usage, or an empty text when the values fit."""
    known = arguments(usage)
    missing = [a.name for a in known if a.is_required and values.get(a.name, "") in ("", None)]
    found = [f"{listed(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
    found += [why for a in known if values.get(a.name, "") not in ("", None) and (why := a.problem(values[a.name]))]
    if left := values.get(LEFTOVER):
        found.append(f"{left!r} follows a blank and belongs to no variable, so quote the whole value as JSON does")
    if not found:
        return ""
    return f"{usage.split()[0]}: {'; '.join(found)}. Usage: ansible-playbook playbooks/{usage}"


def argv(command: Any) -> list[str]:
    """Split a command into words as a shell does; a list is taken as it is. Raise ValueError with what is wrong."""
    if isinstance(command, str):
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise ValueError(f"the command {command!r} cannot be split into words: {error}") from error
    elif isinstance(command, (list, tuple)) and not any(isinstance(word, (dict, list, tuple)) for word in command):
        words = [str(word) for word in command]
    else:
        raise ValueError(f"a command is a text or a list of words, and not {shown(command)}")
    if not words or not words[0]:
        raise ValueError("the command is empty")
    return words


def shown(value: Any) -> str:
    """Return a value as a person would say it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "a dictionary"
    return "a list" if isinstance(value, (list, tuple)) else repr(value) if isinstance(value, str) else str(value)


def listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _kind(kind: str) -> tuple[str, Callable[[Any], bool]]:
    """Return how a kind is called, and what fits it."""
    if "|" in kind:
        choices = kind.split("|")
        return " or ".join(choices), lambda value: _is_choice(value, choices)
    if "," in kind:
        return "names with commas between them", _is_names
    return {
        "NUMBER": ("a whole number", _is_number),
        "SECONDS": ("a whole number of seconds", _is_number),
        "ADDRESS": ("a list of addresses or networks", _is_addresses),
        "WHEN": ("latest, an id, or a time such as 2026-11-28T04:31:00", _is_when),
        "PATTERN": ("a regular expression", lambda value: isinstance(value, str)),
        "EXPRESSION": ("a JMESPath expression", lambda value: False),  # a text is judged by its grammar
        "FILE": ("the path of a file", lambda value: isinstance(value, str)),
        "FOLDER": ("the path of a folder", lambda value: isinstance(value, str)),
        "SOURCE": ("a folder, or the URL of a git repository", lambda value: isinstance(value, str)),
        "COMMAND": ("a text that a shell could split, or a list of words", _is_command),
    }.get(kind, ("one word", _is_word))


def _is_choice(value: Any, choices: list[str]) -> bool:
    if isinstance(value, bool) or str(value).lower() in ("true", "false", "yes", "no"):
        return bool({"on", "true"} & set(choices))
    return str(value) in choices


def _is_number(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, str)) and str(value).isdecimal()


def _is_word(value: Any) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool) and len(str(value).split()) == 1


def _is_when(value: Any) -> bool:
    """Tell a word, or a date and a time of day with a blank between them."""
    return _is_word(value) or (isinstance(value, str) and re.fullmatch(r"[\d-]+ [\d:.+-]+", value) is not None)


def _is_names(value: Any) -> bool:
    return isinstance(value, str) and all(_is_word(name) for name in value.split(","))


def _is_addresses(value: Any) -> bool:
    try:
        return isinstance(value, (list, tuple)) and all(ipaddress.ip_network(str(one), strict=False) for one in value)
    except ValueError:
        return False


def _is_command(value: Any) -> bool:
    try:
        return bool(argv(value))
    except ValueError:
        return False
