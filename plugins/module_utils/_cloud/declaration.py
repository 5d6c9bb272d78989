# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared, completed and checked, before anybody is asked. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from . import target
from .names import Names

if TYPE_CHECKING:  # resources use the functions below
    from .resource import Resource

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
GROUP = re.compile(r"[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?")
WORDS = {"type": "list", "elements": "str", "default": []}


def complete(params: dict[str, Any], resources: Iterable[type[Resource]]) -> tuple[dict[str, Any], list[str]]:
    """Return the declaration with all defaults, and all problems in it."""
    declared = dict(params)
    names = Names(params["project"], params["environment"])
    found = name_problems("project", params["project"])
    found += [
        f"{option}: {params[option]} is not greater than 0."
        for option in ("timeout", "wait_timeout")
        if params[option] <= 0
    ]
    found += target.problems(params)
    for resource in resources:
        found += resource.complete(declared, names)
    return declared, found


def complete_each(option: str, given: dict[str, Any], spec: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Validate each value of a dictionary, which Ansible does not do itself, and fill in defaults."""
    completed, found = {}, []
    for name, value in given.items():
        if not isinstance(value, dict):
            found.append(f"{option}.{name}: {value!r} is not a dictionary of {', '.join(spec)}.")
            continue
        result = ArgumentSpecValidator(spec).validate(value)
        found += [f"{option}.{name}: {message}." for message in result.error_messages]
        if not result.error_messages:
            completed[str(name)] = result.validated_parameters
    return completed, found


def name_problems(where: str, word: str) -> list[str]:
    if NAME.fullmatch(word):
        return []
    return [f"{where}: {word!r} is not a name: lower-case letters, digits and inner hyphens, 32 at most."]


def slug_problems(where: str, slug: str) -> list[str]:
    """Require lower case: DigitalOcean accepts some slugs in any case and returns lower case, so they would never
    compare equal."""
    if slug == slug.lower():
        return []
    return [f"{where}: {slug!r} is in upper case. DigitalOcean writes it {slug.lower()!r}."]


def group_problems(where: str, group: str) -> list[str]:
    if GROUP.fullmatch(group):
        return []
    return [f"{where}: {group!r} is not a group's name: lower-case letters, digits, inner - or _, 32 at most."]
