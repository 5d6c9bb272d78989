# SPDX-License-Identifier: GPL-3.0-or-later
"""Each phase of a role can be run alone by its tag: whatever it reads of other tasks' results comes of tasks that have
the same tag."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).resolve().parents[2] / "roles"
MAINS = sorted(path for path in ROLES.glob("*/tasks/main.yml") if "tags: [" in path.read_text())


def tasks(found: list[dict[str, Any]], tags: tuple[str, ...] = ()) -> Iterator[tuple[dict[str, Any], tuple[str, ...]]]:
    """Yield each task with its tags and those of its blocks."""
    for task in found:
        own = (*tags, *task.get("tags", ()))
        inner = [*task.get("block", ()), *task.get("rescue", ()), *task.get("always", ())]
        if inner:
            yield from tasks(inner, own)
        else:
            yield task, own


def file_of(task: dict[str, Any]) -> str:
    """Return the file of tasks that a task brings, where it is known before the run."""
    given = task.get("ansible.builtin.import_tasks") or task.get("ansible.builtin.include_tasks") or ""
    name = given["file"] if isinstance(given, dict) else given
    return "" if "{{" in name else name


def whole(role: Path, name: str) -> list[dict[str, Any]]:
    """Return all tasks of a file, and of those that it brings."""
    found = []
    for task, _tags in tasks(yaml.safe_load((role / "tasks" / name).read_text()) or []):
        found.append(task)
        if inner := file_of(task):
            found += whole(role, inner)
    return found


def made(task: dict[str, Any]) -> set[str]:
    """Return the variables that come of a task."""
    facts = task.get("ansible.builtin.set_fact") or {}
    return {name for name in (task.get("register"), *facts) if name and name != "cacheable"}


def expanded(role: Path, text: str) -> str:
    """Add the role's variables that a text names, and those that these name."""
    known = {}
    for file in ("vars/main.yml", "defaults/main.yml"):
        if (role / file).exists():
            known |= yaml.safe_load((role / file).read_text()) or {}
    seen: set[str] = set()
    waiting = [text]
    while waiting:
        for name in set(re.findall(r"\w+", waiting.pop())) & (known.keys() - seen):
            seen.add(name)
            waiting.append(repr(known[name]))
            text += repr(known[name])
    return text


@pytest.mark.parametrize("main", MAINS, ids=lambda path: path.parts[-3])
def test_a_phase_that_is_run_alone_has_what_it_reads(main):
    role = main.parents[1]
    phases = []
    for task, tags in tasks(yaml.safe_load(main.read_text())):
        inner = [task, *(whole(role, name) if (name := file_of(task)) else [])]
        inner = [{key: value for key, value in one.items() if key != "tags"} for one in inner]
        phases.append((set(tags), set().union(*map(made, inner)), expanded(role, repr(inner))))
    tags_of = {}
    for tags, names, _text in phases:
        for name in names:
            tags_of.setdefault(name, set()).update(tags)
    for tags, _names, text in phases:
        for name in tags_of:
            if re.search(rf"\b{name}\b(?! *\| *default)", text):
                assert tags <= tags_of[name], f"{sorted(tags - tags_of[name])} alone has no {name}"
