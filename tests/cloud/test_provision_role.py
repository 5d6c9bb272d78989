# SPDX-License-Identifier: GPL-3.0-or-later
"""The role provision as ansible-playbook runs it, against the sandbox with remembered droplets."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from .conftest import KEY, ROOT, Sandbox, played

ROLE = ROOT / "roles" / "provision"
NOBODY = "192.0.2.1"  # TEST-NET-1: no machine has it

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def variables(variables: dict[str, Any]) -> dict[str, Any]:
    return {**variables, "provision_allowed_ssh_ips": ["203.0.113.7/32"]}


@pytest.fixture
def play(tmp_path: Path, variables) -> Play:
    """Runs the role, or one of its task files, with changed variables."""
    config = tmp_path / "ansible.cfg"
    config.write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\ncallback_result_format = yaml\n")

    def run(*arguments: str, tasks_from: str = "main", **changes: Any) -> subprocess.CompletedProcess[str]:
        role = {"name": "izzzi.infra.provision", "tasks_from": tasks_from}
        tasks = [{"name": "Run the role", "ansible.builtin.include_role": role}]
        (tmp_path / "play.yml").write_text(
            yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}])
        )
        (tmp_path / "vars.json").write_text(json.dumps({**variables, **changes}))
        command = ["-i", "localhost,", "-c", "local", "-e", f"@{tmp_path}/vars.json", *arguments]
        return played(*command, tmp_path / "play.yml", env={**os.environ, "ANSIBLE_CONFIG": str(config)})

    return run


def flat(output: str) -> str:
    """Without the line breaks that YAML puts into long texts."""
    return re.sub(r"\s+", " ", output)


def test_check_mode_plans_all_three_firewalls_and_writes_nothing(sandbox: Sandbox, play: Play):
    before = sandbox.account()
    ran = play("--check", "--diff")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "changed=1 " in ran.stdout
    output = flat(ran.stdout)
    for words in (
        "shop-staging-app",
        "tcp 443 from 0.0.0.0/0, ::/0",
        "tcp 22 from 203.0.113.7/32",
        "tcp 5432 from tag izzzi:shop:staging",
    ):
        assert words in output
    for port in (3000, 4000, 5432, 6379):
        assert f"tcp {port} from 0.0.0.0/0" not in output, "never open to the public"
    assert sandbox.token not in ran.stdout + ran.stderr
    assert KEY.split()[1] not in ran.stdout, "user_data is not printed"
    assert sandbox.account() == before


def test_no_allowed_address_means_no_rule_for_ssh(play: Play):
    ran = play("--check", "--diff", provision_allowed_ssh_ips=[])
    assert ran.returncode == 0, ran.stdout
    assert "tcp 22 " not in ran.stdout
    assert "shop-staging-fw-management" in ran.stdout


def test_absent_deletes_and_waits_for_nobody(sandbox: Sandbox, play: Play):
    sandbox.api("POST", "/v2/tags", {"name": "izzzi:shop:staging"})
    ran = play(provision_state="absent")
    assert ran.returncode == 0, ran.stdout
    assert "changed=1 " in ran.stdout
    assert "changed=0 " in play(provision_state="absent").stdout


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"provision_api_token": "dop_v1_wrong"}, ["token", "provision_api_token"], id="token"),
        pytest.param({"provision_api_token": ""}, ["provision_api_token", "DIGITALOCEAN_TOKEN"], id="no-token"),
        pytest.param({"provision_api_url": "http://127.0.0.1:9"}, ["127.0.0.1:9", "sandbox-up"], id="api-down"),
        pytest.param({"provision_region": "fra9"}, ["fra9", "fra1"], id="region"),
        pytest.param(
            {"provision_droplets": {"app": {"size": "s-2vcpu-5gb", "image": "debian-13-x64"}}},
            ["s-2vcpu-5gb", "s-2vcpu-4gb"],
            id="size",
        ),
        pytest.param(
            {"provision_droplets": {"app": {"size": "s-2vcpu-4gb", "image": "debian-31-x64"}}},
            ["debian-31-x64", "debian-13-x64"],
            id="image",
        ),
        pytest.param({"provision_vpc": {"ip_range": "10.20.0.0/33"}}, ["10.20.0.0/33", "ip_range"], id="cidr"),
        pytest.param({"provision_environment": "prod"}, ["prod", "production", "staging", "dev"], id="environment"),
        pytest.param({"provision_droplets": ["app"]}, ["provision_droplets", "dict"], id="type"),
        pytest.param({"provision_vpc": {}}, ["ip_range", "provision_vpc"], id="missing"),
        pytest.param({"provision_allowed_ssh_ips": ["office"]}, ["office", "management"], id="address"),
    ],
)
def test_bad_input_is_refused_with_a_reason(sandbox: Sandbox, play: Play, changes, words):
    before = sandbox.account()
    ran = play(**changes)
    output = ran.stdout + ran.stderr
    assert ran.returncode != 0
    assert [word for word in words if word not in output] == [], output
    assert "Traceback" not in output
    assert sandbox.token not in output
    assert sandbox.account() == before


def droplet(name: str, **changes: Any) -> dict[str, Any]:
    known = {"public_ip": NOBODY, "status": "active", "created": True, "created_at": "2026-01-05T10:00:00Z"}
    return {"name": name, **known, **changes}


def test_a_droplet_that_does_not_answer_is_named_with_what_to_look_at(play: Play):
    ran = play(
        tasks_from="reach",
        provision_wait_timeout=1,
        __provision_environment={"droplets": [droplet("shop-staging-app")]},
    )
    assert ran.returncode != 0
    output = flat(ran.stdout)
    for words in ("shop-staging-app (192.0.2.1) is active but does not answer SSH", "203.0.113.7/32"):
        assert words in output


def test_only_the_keys_of_new_droplets_are_forgotten_hashed_ones_too(play: Play, tmp_path: Path):
    known = tmp_path / "known_hosts"
    key = " ".join(KEY.split()[:2])
    known.write_text("".join(f"{host} {key}\n" for host in (NOBODY, "192.0.2.2", "192.0.2.3")))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", known], check=True, capture_output=True)

    def is_known(host: str) -> bool:
        return subprocess.run(["ssh-keygen", "-F", host, "-f", known], capture_output=True, check=False).returncode == 0

    droplets = [droplet("new"), droplet("old", public_ip="192.0.2.2", created=False)]
    environment = {"droplets": droplets}
    ran = play("--check", tasks_from="reach", __provision_environment=environment)
    assert "changed=1 " in ran.stdout, ran.stdout
    assert is_known(NOBODY)

    ran = play(tasks_from="reach", provision_wait_timeout=1, __provision_environment=environment)
    assert "changed=1 " in ran.stdout, ran.stdout
    assert [is_known(host) for host in (NOBODY, "192.0.2.2", "192.0.2.3")] == [False, True, True]
    assert (
        "changed=0 " in play(tasks_from="reach", provision_wait_timeout=1, __provision_environment=environment).stdout
    )


def test_the_user_that_cloud_init_makes():
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    environment.filters["to_json"] = json.dumps
    template = environment.from_string((ROLE / "templates" / "user_data.yml.j2").read_text())
    text = template.render(provision_user="deploy", provision_ssh_keys=[{"name": "a", "public_key": f"{KEY}\n"}])
    assert text.startswith("#cloud-config\n")
    assert yaml.safe_load(text)["users"] == [
        {
            "name": "deploy",
            "gecos": "Deployment",
            "shell": "/bin/bash",
            "lock_passwd": True,
            "sudo": "ALL=(ALL) NOPASSWD:ALL",
            "ssh_authorized_keys": [KEY],
        }
    ]
