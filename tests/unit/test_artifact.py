# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball that `ansible-galaxy collection build` makes holds what a user needs and nothing of a checkout's."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
EXPECTED_TOP_LEVEL = {
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "FILES.json",
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "SECURITY.md",
    "changelogs",
    "docs",
    "inventories",
    "meta",
    "playbooks",
    "plugins",
    "requirements.yml",
    "roles",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> set[str]:
    target = tmp_path_factory.mktemp("artifact")
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    subprocess.run([galaxy, "collection", "build", "--output-path", target, ROOT], check=True, capture_output=True)
    (artifact,) = target.glob("izzzi-infra-*.tar.gz")
    with tarfile.open(artifact) as tar:
        return {name.removeprefix("./") for name in tar.getnames()}


def test_top_level_is_exactly_what_a_user_needs(names):
    assert {name.split("/")[0] for name in names} == EXPECTED_TOP_LEVEL


def test_no_secret_and_no_cache_is_shipped(names):
    assert [n for n in names if n.endswith(("/vault.yml", ".pyc", "vault-password")) or "__pycache__" in n] == []


def test_every_plugin_and_playbook_of_the_checkout_is_shipped(names):
    patterns = ("plugins/**/*.py", "playbooks/*.yml", "roles/*/tasks/*.yml")
    checkout = {str(p.relative_to(ROOT)) for pattern in patterns for p in ROOT.glob(pattern)}
    assert checkout <= names


def test_pinned_collections_satisfy_the_declared_dependencies():
    declared = yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"]
    pinned = yaml.safe_load((ROOT / "requirements.yml").read_text())["collections"]
    assert declared.items() <= {c["name"]: f">={c['version']}" for c in pinned}.items()


def test_what_is_shipped_uses_the_declared_collections_and_no_other():
    declared = {*yaml.safe_load((ROOT / "galaxy.yml").read_text())["dependencies"], "ansible.builtin"}
    shipped = [p for folder in ("roles", "playbooks", "inventories") for p in (ROOT / folder).rglob("*.yml")]
    used = {name for path in shipped for name in re.findall(r"\b((?:ansible|community)\.\w+)\.\w+", path.read_text())}
    imported = re.compile(r"^\s*(?:from|import) ansible_collections\.((?!izzzi\.)\w+\.\w+)", re.M)
    used |= {name for path in (ROOT / "plugins").rglob("*.py") for name in imported.findall(path.read_text())}
    assert used == declared
