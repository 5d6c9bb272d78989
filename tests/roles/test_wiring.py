"""inventories/wiring.yml: what an app declares reaches the inputs of either runner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

ROOT = Path(__file__).resolve().parents[2]
WIRING = yaml.safe_load((ROOT / "inventories/wiring.yml").read_text())
APP = {
    "app_data_services": {"postgres": {}, "redis": {}},
    "app_services": {"web": {"image": "web:1"}},
    "app_env": {"A": "1"},
    "app_secret_env": {"B": "2"},
    "app_site": {"locations": [{"path": "/", "service": "web"}]},
    "vault_app_postgres_password": "p",
    "vault_app_redis_password": "r",
    "provision_project": "shop",
}


def trusted(value: Any) -> Any:
    """As a loader marks what it reads."""
    if isinstance(value, dict):
        return {key: trusted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trusted(item) for item in value]
    return trust_as_template(value) if isinstance(value, str) else value


def wired(name: str, **more: Any) -> Any:
    variables = trusted(WIRING) | {"groups": {"managers": [], "workers": []}} | APP | more
    return Templar(loader=DataLoader(), variables=variables).template(variables[name])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("app_compose_project", "shop"),
        ("app_compose_services", {"web": {"image": "web:1"}}),
        ("app_compose_database", {"service": "postgres", "name": "shop", "user": "shop"}),
        ("app_compose_database_password", "p"),
        ("app_compose_volumes", {"postgres": {}, "redis": {}}),
        ("app_generated_secrets", {"vault_app_postgres_password": {}, "vault_app_redis_password": {}}),
        ("swarm_stack_services", {"web": {"image": "web:1"}}),
        ("swarm_stack_env", {"A": "1", "DATABASE_USER": "shop"}),
        (
            "swarm_stack_secret_env",
            {
                "B": "2",
                "DATABASE_PASSWORD": "p",
                "DATABASE_OWNER_PASSWORD": "p",
                "REDIS_PASSWORD": "r",
                "REDIS_OWNER_PASSWORD": "r",
            },
        ),
        ("nginx_sites", {"shop": {"locations": [{"path": "/", "service": "web"}]}}),
        ("swarm_stack_edge_locations", [{"path": "/", "service": "web"}]),
    ],
)
def test_an_app_is_declared_once(name, value):
    assert wired(name) == value


def test_what_an_app_adds_stands_beside_what_its_presets_need():
    assert wired("app_compose_volumes", app_volumes={"uploads": {}}) == {"postgres": {}, "redis": {}, "uploads": {}}
    assert "jwt" in wired("app_generated_secrets", app_secrets={"jwt": {"length": 64}})
    assert wired("app_compose_database", app_database={"service": "db", "name": "a", "user": "b"})["service"] == "db"


def test_every_input_of_a_role_that_the_wiring_names_is_one():
    """Inputs of an entry point that is not `main` stand in the files that read them."""
    known, text = set(), ""
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in yaml.safe_load(path.read_text())["argument_specs"].values():
            known |= set(entry["options"])
    for path in ROOT.glob("roles/*/tasks/*.yml"):
        text += path.read_text()
    prefixes = tuple(path.name + "_" for path in (ROOT / "roles").iterdir())
    inputs = [name for name in WIRING if name.startswith(prefixes)]
    assert [name for name in inputs if name not in known and not re.search(rf"\b{name}\b", text)] == []
