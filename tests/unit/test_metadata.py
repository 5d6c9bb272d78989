# SPDX-License-Identifier: GPL-3.0-or-later
"""What Galaxy, ansible-core and packagers read of the collection: runtime.yml, licences, the changelog, versions."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "SPDX-License-Identifier: GPL-3.0-or-later"
OTHERS = ("tests", "sandbox", "molecule", "scripts")
SCRIPT = re.compile(rb"#!.*(?:sh|python)")
PIN = re.compile(r"^\s*\"?([\w.\[\]-]+)==([\w.]+)", re.M)


def read(name: str):
    return yaml.safe_load((ROOT / name).read_text())


def shipped_python() -> list[Path]:
    """Return the Python files of the artifact, those of roles too, whose names do not say that they are."""
    programs = [path for path in (ROOT / "roles").rglob("*") if path.is_file() and "files" in path.parts]
    return [
        *(ROOT / "plugins").rglob("*.py"),
        *(path for path in programs if path.read_bytes().startswith(b"#!/usr/bin/python3")),
    ]


def other_programs() -> list[Path]:
    """Return what is Python or shell, and not empty, of tests, sandbox, scenarios and scripts."""
    found = [path for folder in OTHERS for path in (ROOT / folder).rglob("*") if path.is_file() and path.stat().st_size]
    programs = [path for path in found if path.suffix in (".py", ".sh") or SCRIPT.match(path.read_bytes())]
    # Recipes of images are what they are built from: another line is another image.
    return [path for path in programs if path.suffix == ".py" or "images" not in path.parts]


@pytest.mark.parametrize(("programs", "least"), [(shipped_python, 400), (other_programs, 600)])
def test_each_program_says_its_licence(programs, least):
    found = programs()
    assert len(found) > least
    assert [str(path) for path in found if LICENCE not in "".join(path.read_text().splitlines()[:4])] == []


def test_the_action_group_has_each_module_that_asks_the_api():
    """So that `module_defaults: {group/izzzi.infra.digitalocean: {api_token: ...}}` reaches all of them."""
    asking = {path.stem for path in (ROOT / "plugins/modules").glob("*.py") if "izzzi.infra.api]" in path.read_text()}
    assert "environment" in asking
    assert set(read("meta/runtime.yml")["action_groups"]["digitalocean"]) == asking


def test_the_oldest_core_is_said_in_one_way():
    oldest = re.fullmatch(r">=(\d+\.\d+)\.0", read("meta/runtime.yml")["requires_ansible"])[1]
    for name in ("README.md", "galaxy.yml", "docs/compatibility.md"):
        assert f"ansible-core {oldest} or newer" in (ROOT / name).read_text(), name
    tried = re.search(r"^declare -A pythons=\((.*)\)$", (ROOT / "scripts/compat").read_text(), re.M)[1]
    assert re.findall(r"\[([\d.]+)\]", tried)[0] == oldest
    assert all((ROOT / f"tests/sanity/ignore-{core}.txt").exists() for core in re.findall(r"\[([\d.]+)\]", tried))


def test_each_exception_from_ansibles_own_tests_has_its_reason():
    """A newer core asks for more, and may have more of them. The files are no links, which did not outlive a copy."""
    texts = [path.read_text() for path in sorted((ROOT / "tests/sanity").glob("ignore-*.txt"))]
    assert all(newer.startswith(older) for older, newer in itertools.pairwise(texts))
    assert [line for line in texts[-1].splitlines() if not re.search(r" # \w.{10,}", line)] == []


@pytest.mark.parametrize("name", ["tests/compat/requirements.txt", "tests/docs/requirements.txt"])
def test_one_package_has_one_version(name):
    """ansible-core is what the package `ansible` of requirements.txt brings."""
    mine = dict(PIN.findall((ROOT / name).read_text()))
    others = dict(PIN.findall((ROOT / "requirements.txt").read_text()))
    others |= dict(PIN.findall((ROOT / "sandbox/pyproject.toml").read_text()))
    assert {package: (version, others[package]) for package, version in mine.items() if package in others} == {
        package: (version, version) for package, version in mine.items() if package in others
    }
    assert [line for line in (ROOT / name).read_text().splitlines() if "==" in line and "  # " not in f"{line}"] == []


def test_the_changelog_is_written_from_all_fragments():
    """`make changelog` does it."""
    released = read("changelogs/changelog.yaml")["releases"][read("galaxy.yml")["version"]]
    fragments = sorted((ROOT / "changelogs/fragments").glob("*.yml"))
    assert released["fragments"] == [path.name for path in fragments]
    said: dict[str, list[str]] = {}
    for path in fragments:
        for section, entries in yaml.safe_load(path.read_text()).items():
            if isinstance(entries, list):
                said.setdefault(section, []).extend(entries)
    written = {name: entries for name, entries in released["changes"].items() if name != "release_summary"}
    assert {name: sorted(entries) for name, entries in written.items()} == {n: sorted(e) for n, e in said.items()}
