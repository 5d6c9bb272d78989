# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what is wrong in the files of an inventory, each with the line that cures it. Pure: files are texts, by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

ENCRYPTED = "$ANSIBLE_VAULT"
DECLARED = re.compile(r"^([a-z]\w*)\s*:", re.MULTILINE)
# What documents write in the place of one's own. Real ones never are: example.com belongs to nobody (RFC 2606).
PLACEHOLDER = re.compile(
    r"\bexample\.(?:com|org|net)\b|your-team|\b(?:pk|sk)_(?:live|test)_(?:\.\.\.|x{3,})|\bCHANGE[_-]?ME\b", re.I
)
READ_FILE = re.compile(r"lookup\('ansible\.builtin\.file', '([^']+)'\)")
TEMPLATE = re.compile(r"{[{%].*?[}%]}", re.DOTALL)
VAULT_NAME = re.compile(r"\b(vault_\w+)\b(?!\s*(?:\|\s*default|is\s+(?:not\s+)?defined))")
OWNER = re.compile(r"izzzi:([a-z0-9-]+):([a-z]+)")
NEAR = 0.85  # of the names of two variables; app_service and app_services have 0.96, app_services_extra 0.8
NO_KEY = "Make one (ssh-keygen -t ed25519), or write the public key as text."


def problems(files: Mapping[str, str], known: Iterable[str], exists: Callable[[str], bool]) -> list[str]:
    """Return one sentence for each. `known` are all variables that roles and wiring have; `exists` tells of a path."""
    plain = readable(files)
    return [
        *misspelled(plain, set(known)),
        *placeholders(plain),
        *missing_files(plain, exists),
        *owners(plain),
    ]


def readable(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if not text.startswith(ENCRYPTED)}


def lines(files: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Go through the lines of files, each with its place, such as `app.yml, line 3`, and without its comment."""
    for file, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            yield f"{file}, line {number}", without_comment(line)


def misspelled(files: Mapping[str, str], known: set[str]) -> list[str]:
    """Name variables that no role knows and that are nearly called as one. Whatever is used as a variable in a template
    of the same files is the inventory's own."""
    declared = {name: file for file, text in files.items() for name in DECLARED.findall(text)}
    found = []
    for name, file in sorted(declared.items()):
        near = [] if name in known else difflib.get_close_matches(name, known, 1, NEAR)
        if near and not any(_is_used(name, text) for text in files.values()):
            found.append(f"{file}: no role knows the variable {name}. Is it {near[0]}?")
    return found


def _is_used(name: str, text: str) -> bool:
    return any(re.search(rf"\b{name}\b", template) for template in TEMPLATE.findall(text))


def placeholders(files: Mapping[str, str]) -> list[str]:
    return [
        f"{place}: {match[0]} is a placeholder. Write your own value, or take the line out."
        for place, line in lines(files)
        if (match := PLACEHOLDER.search(line))
    ]


def without_comment(line: str) -> str:
    """Return a line of YAML without its comment. A # within quotes is none."""
    return re.split(r"(?:^|\s)#", re.sub(r"\"[^\"]*\"|'[^']*'", lambda m: m[0].replace("#", " "), line), maxsplit=1)[0]


def missing_files(files: Mapping[str, str], exists: Callable[[str], bool]) -> list[str]:
    return [
        f"{place}: it reads {path}, which is not there. "
        f"{NO_KEY if 'public_key' in line else 'Make it, or write its content as text.'}"
        for place, line in lines(files)
        for path in READ_FILE.findall(line)
        if not exists(path)
    ]


def vault_names(files: Mapping[str, str]) -> dict[str, str]:
    """Return by the names of secrets that templates cannot do without where each is used first. Names that stand in one
    of the readable files are left out."""
    plain = dict(sorted(readable(files).items()))
    declared = {name for text in plain.values() for name in DECLARED.findall(text)}
    found: dict[str, str] = {}
    for place, line in lines(plain):
        for name in VAULT_NAME.findall(" ".join(TEMPLATE.findall(line))):
            if name not in declared:
                found.setdefault(name, place)
    return found


def owners(files: Mapping[str, str]) -> list[str]:
    """Compare the project and the environment that the dynamic inventory looks for with the declared ones, where both
    are plain words."""
    declared = owner(files)
    return [
        f"{file} looks for droplets of {':'.join(asked)}, and {':'.join(declared)} is declared (provision_project, "
        f"provision_environment). Write izzzi:{':'.join(declared)} there."
        for file, content in files.items()
        if "plugin:" in content
        for asked in sorted(set(OWNER.findall("\n".join(map(without_comment, content.splitlines())))))
        if all(declared) and asked != declared
    ]


def owner(files: Mapping[str, str]) -> tuple[str, str]:
    """Return the declared project and environment, each empty where it is no plain word. As with Ansible, the last file
    counts, and in it the last line."""
    text = "\n".join(text for _name, text in sorted(readable(files).items()))
    return plain_word(text, "provision_project"), plain_word(text, "provision_environment")


def plain_word(text: str, name: str) -> str:
    """Return what the last declaration of a variable says, if that is a plain word, in quotes or not."""
    declared = re.findall(rf"^{name}\s*:(.*)", text, re.MULTILINE)
    found = re.fullmatch(r"\s*([\"']?)([a-z0-9-]+)\1\s*(?:#.*)?", declared[-1]) if declared else None
    return found[2] if found else ""


def shared(file: str, content: bytes, others: Mapping[str, bytes]) -> list[str]:
    """Name another environment or app whose vault file is the same: whoever copies a folder copies its passwords."""
    return [
        f"{file} is the vault file of {other} as well: both would have the same passwords. Delete the copy; the next "
        "run makes a new one."
        for other, theirs in sorted(others.items())
        if theirs == content
    ]
