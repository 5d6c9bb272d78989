# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module's DOCUMENTATION says what its argument_spec does."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
KEYS = ("type", "elements", "required", "default", "choices")


class Captured(Exception):
    pass


def load(name: str):
    return importlib.import_module(f"ansible_collections.izzzi.infra.plugins.modules.{name}")


def interface(options: dict) -> dict[str, dict]:
    """The parts of options that both sides write, with what they may leave out."""
    return {
        name: {"type": "str", "required": False} | {key: option[key] for key in KEYS if option.get(key) is not None}
        for name, option in options.items()
    }


def options(documentation: dict) -> dict:
    """Return a module's own options and those of the fragments that it names, as ansible-doc merges them."""
    found = dict(documentation.get("options", {}))
    for name in documentation.get("extends_documentation_fragment", []):
        file, _, part = name.removeprefix("izzzi.infra.").partition(".")
        fragment = importlib.import_module(f"ansible_collections.izzzi.infra.plugins.doc_fragments.{file}")
        text = getattr(fragment.ModuleDocFragment, (part or "documentation").upper())
        found |= yaml.safe_load(text).get("options", {})
    return found


@pytest.mark.parametrize("name", sorted(path.stem for path in MODULES.glob("[a-z]*.py")))
def test_module_documents_its_arguments(name, monkeypatch):
    module = load(name)
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["module"] == name
    assert yaml.safe_load(module.EXAMPLES)
    assert yaml.safe_load(module.RETURN)
    if not hasattr(module, "main"):
        # An action does the work: the module is its documentation.
        spec = importlib.import_module(f"ansible_collections.izzzi.infra.plugins.action.{name}").ARGUMENT_SPEC
    else:

        def capture(_self, argument_spec, **_more):
            raise Captured(argument_spec)

        monkeypatch.setattr(AnsibleModule, "__init__", capture)
        with pytest.raises(Captured) as captured:
            module.main()
        spec = captured.value.args[0]
    assert interface(options(documentation)) == interface(spec)


def test_nothing_is_older_or_newer_than_the_collection():
    """A `version_added` names a version that there is: one of the changelog's, or the one to come."""
    root = MODULES.parents[1]
    versions = {yaml.safe_load((root / "galaxy.yml").read_text())["version"]}
    versions |= set(yaml.safe_load((root / "changelogs/changelog.yaml").read_text())["releases"])
    added = {
        (path.name, version)
        for path in MODULES.parent.rglob("*.py")
        for version in re.findall(r"version_added: [\"']?([\w.]+)", path.read_text())
    }
    assert {(name, version) for name, version in added if version not in versions} == set()
