# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._app.wiring import renamed, wired

ROLES = {
    "app_compose": {"app_compose_services": {"required": True}, "app_compose_soak": {"default": 12}},
    "swarm_stack": {"swarm_stack_services": {"required": True}, "swarm_stack_env": {"default": {}}},
}


def test_an_input_is_what_the_app_variable_of_its_name_is():
    assert wired({}, ROLES) == {
        "app_compose_services": "{{ app_services }}",
        "app_compose_soak": "{{ app_soak }}",
        "app_soak": 12,
        "swarm_stack_services": "{{ app_services }}",
        "swarm_stack_env": "{{ app_env }}",
        "app_env": {},
    }


def test_what_the_wiring_says_counts():
    found = wired({"app_soak": 5, "swarm_stack_env": "{{ app_env | combine(more) }}", "docker_x": 1}, ROLES)
    assert found["app_soak"] == 5
    assert found["app_compose_soak"] == "{{ app_soak }}"
    assert found["swarm_stack_env"] == "{{ app_env | combine(more) }}"
    assert found["docker_x"] == 1


def test_both_roles_get_what_a_verb_is_given():
    found = wired({"app_verb_inputs": {"logs_lines": "{{ lines }}"}}, ROLES)
    assert found["app_compose_logs_lines"] == found["swarm_stack_logs_lines"] == "{{ lines }}"


def test_declared_inputs_are_named_with_what_they_are_called_for_both_roles():
    files = [
        "app_compose_soak: 5\napp_mail_port: 1\n# app_compose_services: {}\n",
        "all:\n  vars:\n    swarm_stack_env: {}\n",
    ]
    assert renamed(files, ROLES) == {
        "app_compose_soak": "app_soak",
        "app_mail_port": "app_data_services.mail.page_port",
        "swarm_stack_env": "app_env",
    }
    assert renamed(["app_soak: 5\nmine_app_compose_soak: {app_compose_soak: 1}\n"], ROLES) == {}


def test_the_roles_agree_on_the_default_of_what_they_share():
    roles = Path(__file__).resolve().parents[5] / "roles"
    specs = {role: yaml.safe_load((roles / role / "meta/argument_specs.yml").read_text()) for role in ROLES}
    compose, swarm = (
        {
            name.removeprefix(f"{role}_"): str(option.get("default")).replace(f"{role}_", "")
            for name, option in spec["argument_specs"]["main"]["options"].items()
        }
        for role, spec in specs.items()
    )
    shared = compose.keys() & swarm.keys()
    assert {"services", "env", "wait_timeout", "lock_ttl"} <= shared
    assert {name: compose[name] for name in shared} == {name: swarm[name] for name in shared}
