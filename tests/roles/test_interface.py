# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's inputs say the same in three places: defaults, argument_specs and README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = sorted(path.parent for path in (Path(__file__).resolve().parents[2] / "roles").glob("*/meta"))
pytestmark = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def options(role: Path) -> dict[str, dict]:
    return read(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_defaults_are_those_of_the_specification(role):
    specified = {name: option["default"] for name, option in options(role).items() if "default" in option}
    assert specified == read(role / "defaults/main.yml")


def test_inputs_without_a_default_are_required(role):
    for name, option in options(role).items():
        assert ("default" in option) != option.get("required", False), name


def test_required_inputs_are_shown_in_the_defaults_as_comments(role):
    text = (role / "defaults/main.yml").read_text()
    for name, option in options(role).items():
        if option.get("required"):
            assert re.search(rf"^# {name}:", text, flags=re.MULTILINE), name


def test_inputs_carry_the_name_of_the_role(role):
    assert [name for name in options(role) if not name.startswith(f"{role.name}_")] == []


def test_every_option_has_a_type_and_a_description(role):
    def walk(options: dict[str, dict], path: str):
        for name, option in options.items():
            assert option.get("type"), f"{path}{name}"
            assert option.get("description"), f"{path}{name}"
            walk(option.get("options", {}), f"{path}{name}.")

    walk(options(role), "")


def test_the_readme_names_every_input(role):
    readme = (role / "README.md").read_text()
    assert [name for name in options(role) if f"`{name}`" not in readme] == []


def test_secrets_are_marked(role):
    secret = re.compile(r"token|password|secret")
    for name, option in options(role).items():
        if secret.search(name):
            assert option.get("no_log") is True, name


def test_a_role_uses_only_its_own_variables(role):
    """What roles share is wired in an inventory, never inside a role."""
    inputs = [name for other in ROLES if other != role for name in options(other)]
    foreign = re.compile(rf"\b({'|'.join(inputs)})\b|groups\[|hostvars\[")
    for folder in ("tasks", "handlers", "templates", "vars", "defaults"):
        for path in (role / folder).rglob("*"):
            if path.is_file():
                assert foreign.findall(strip_comments(path.read_text())) == [], path


def strip_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*$", "", text)
