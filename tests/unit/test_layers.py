# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the layers of plugins/module_utils: who may import whom is in its README, and nowhere else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "plugins" / "module_utils"
ROW = re.compile(r"^\| `(\w+)/` \| [^|]+ \| (.+) \|$")
FILES = sorted(path.relative_to(PLACE).as_posix() for path in PLACE.rglob("*.py"))


def allowed() -> dict[str, set[str]]:
    """The rooms that each room may import, as the README's table says."""
    rows = [ROW.match(line) for line in (PLACE / "README.md").read_text().splitlines()]
    return {row[1]: set(re.findall(r"`(\w+)`", row[2])) for row in rows if row}


def imported(file: str) -> Iterator[str]:
    """The places below module_utils that a file imports, as `_app/lock`."""
    package = Path(file).parent.parts
    for node in ast.walk(ast.parse((PLACE / file).read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            yield "/".join([*base, *(node.module or "").split(".")])


def test_every_folder_is_a_room_of_the_map():
    assert {file.split("/")[0] for file in FILES} == set(allowed())


def test_rooms_form_an_order():
    above, rooms = allowed(), []
    while above:
        free = sorted(room for room, needed in above.items() if not needed - set(rooms))
        assert free, f"a circle among {sorted(above)}"
        rooms += free
        for room in free:
            del above[room]


@pytest.mark.parametrize("file", FILES)
def test_a_file_imports_only_what_its_room_may(file):
    room = file.split("/")[0]
    strange = {place for place in imported(file) if place.split("/")[0] not in {room, *allowed()[room]}}
    assert not strange, f"{file} imports {', '.join(sorted(strange))}"


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_tests_stands_where_its_file_does(file):
    """Every test mirrors a file; not every file has one of its own."""
    tests = ROOT / "tests/unit/plugins/module_utils"
    room = (tests / file).parent
    for test in room.glob("test_*.py"):
        if test.name not in NAMED_AFTER_A_SUBJECT:
            assert (PLACE / room.relative_to(tests) / test.name.removeprefix("test_")).exists(), test


NAMED_AFTER_A_SUBJECT = {"test_states.py"}  # what a kill or a full disk leaves, and every way back from it
