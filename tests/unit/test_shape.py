# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of the collection's Python: short files of module_utils, and short functions. Ruff holds the complexity."""

import ast
from pathlib import Path
from statistics import median

import pytest

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
LIBRARY = sorted((PLUGINS / "module_utils").rglob("*.py"))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(PLUGINS)))
def test_a_file_has_at_most_300_lines(path):
    assert len(path.read_text().splitlines()) <= 300


def test_functions_are_short():
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    found = [
        (node.end_lineno - node.lineno + 1, path.name, node.name)
        for path in PLUGINS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, kinds)
    ]
    assert max(found)[0] <= 45, max(found)
    assert median(lines for lines, *_ in found) <= 6
