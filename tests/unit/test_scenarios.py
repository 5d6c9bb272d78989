# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios of molecule: each role has one, there is one that needs no name, and each runs all that it should."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = {path.parent.name: path for path in (ROOT / "molecule").glob("*/molecule.yml")}
SHARED = ROOT / ".config/molecule/config.yml"


def sequence(name: str) -> list[str]:
    own = yaml.safe_load(SCENARIOS[name].read_text()) or {}
    shared = yaml.safe_load(SHARED.read_text())["scenario"]["test_sequence"]
    return own.get("scenario", {}).get("test_sequence", shared)


def test_each_role_has_one_and_so_has_the_whole_road():
    """`molecule test` runs `default`."""
    assert {path.name for path in (ROOT / "roles").iterdir() if path.is_dir()} | {"default"} <= set(SCENARIOS)


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_it_checks_converges_changes_nothing_twice_is_verified_and_leaves_nothing(name):
    steps = sequence(name)
    assert (steps[0], steps[-1]) == ("destroy", "destroy")
    wanted = ["create", "check", "converge", "idempotence", "verify"]
    assert sorted(wanted, key=steps.index) == wanted


def test_every_test_is_in_one_of_the_lists():
    """`make test-all` runs both lists of `scripts/test`."""
    lines = (ROOT / "scripts/test").read_text().splitlines()
    assert {line.removeprefix("scripts/molecule ") for line in lines if line.startswith("scripts/molecule ")} == set(
        SCENARIOS
    )
    run = "\n".join(lines) + "".join(
        (ROOT / "scripts" / name).read_text() for name in ("unit", "e2e", "pages", "archiving", "try-sandbox")
    )
    files = {path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")}
    missing = [str(file) for file in files if str(file) not in run and not _has_folder(run, file)]
    assert missing == []


def _has_folder(run: str, file: Path) -> bool:
    words = set(run.split())
    return any(str(folder) in words for folder in file.parents)
