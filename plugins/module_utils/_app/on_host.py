# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of this very code run on a host without Ansible: a program's, and all that they import."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

CODE = Path("/usr/local/lib/izzzi/infra")
ROOT = Path(__file__).resolve().parents[1]
RELATIVE = re.compile(r"^[ \t]*from (\.+)([\w.]*) import (\([^)]*\)|[^#\n]+)", re.MULTILINE)

Given = Mapping[str, Any]


def judged(
    given: Given, problems: Callable[[Given], list], files: Callable[[Given], list], secrets: Callable[[Given], list]
) -> dict[str, list]:
    """Return what is wrong with a role's inputs, or, when nothing is, what the role writes onto a host."""
    if found := problems(given):
        return {"problems": found}
    return {"problems": [], "files": files(given), "secrets": secrets(given)}


@cache
def code(*programs: str, root: Path = ROOT) -> dict[str, str]:
    """Return the texts of files by their path below module_utils, such as `_backup/main.py`, and of what they
    import of it, wherever in them."""
    found: dict[str, str] = {}
    waiting = list(programs)
    while waiting:
        if (name := waiting.pop()) not in found:
            found[name] = (root / name).read_text(encoding="utf-8")
            waiting += [imported for imported in imports(name, found[name]) if (root / imported).is_file()]
    return dict(sorted(found.items()))


def imports(name: str, text: str) -> Iterator[str]:
    """Yield what may be files that this one imports: `from .a import b` means a.py, or b.py in the folder a. Lines are
    enough for that: Python's parser takes half a second for what a host gets."""
    package = Path(name).parent.parts
    for dots, module, names in RELATIVE.findall(text):
        place = Path(*package[: len(package) - len(dots) + 1], *module.split("."))
        yield f"{place}.py"
        yield from ((place / f"{one.split()[0]}.py").as_posix() for one in names.strip("()").split(",") if one.strip())
