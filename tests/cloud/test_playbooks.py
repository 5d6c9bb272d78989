# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml, provision.yml with a saved plan, and destroy.yml, as people run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from .conftest import ROOT, Sandbox, played

OFFICE = {"provision_allowed_ssh_ips": ["203.0.113.7/32"]}
Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def play(sandbox: Sandbox, variables: dict[str, Any], tmp_path: Path) -> Play:
    config = tmp_path / "ansible.cfg"
    config.write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\ncallback_result_format = yaml\n")

    def run(name: str, *arguments: str, **changes: Any) -> subprocess.CompletedProcess[str]:
        (tmp_path / "vars.json").write_text(json.dumps({**OFFICE, **variables, **changes}))
        command = ["-i", "localhost,", "-c", "local", "-e", f"@{tmp_path}/vars.json", *arguments]
        env = {**os.environ, "ANSIBLE_CONFIG": str(config)}
        ran = played(*command, ROOT / "playbooks" / f"{name}.yml", env=env)
        assert sandbox.token not in ran.stdout + ran.stderr
        return ran

    return run


def test_a_saved_plan_is_carried_out_once_and_only_while_it_holds(sandbox: Sandbox, play: Play, tmp_path: Path):
    saved = tmp_path / "plan.json"
    before = sandbox.account()
    planned = play("plan", "-e", f"plan_file={saved}")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert sandbox.account() == before
    for line in ("+ vpc shop-staging-vpc", "+ droplet shop-staging-app  (+6.00 USD a month)", "6.00 USD then (+6.00)."):
        assert line in planned.stdout
    plan = json.loads(saved.read_text())
    assert {step["action"] for step in plan["plan"]} == {"create"}
    assert saved.stat().st_mode & 0o077 == 0

    sandbox.api("POST", "/v2/tags", {"name": "izzzi:shop:staging"})  # somebody is quicker
    refused = play("provision", "--tags", "provision_declare", "-e", f"plan={saved}")
    assert refused.returncode != 0
    assert "The plan is not the one that was saved" in refused.stdout
    assert sandbox.all("vpcs") == []

    assert play("plan", "-e", f"plan_file={saved}").returncode == 0
    done = play("provision", "-vvv", "--tags", "provision_declare", "-e", f"plan={saved}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(sandbox.all("droplets")) == 1


def test_a_saved_plan_fits_its_schema_and_is_shown_without_the_account(sandbox: Sandbox, play: Play, tmp_path: Path):
    saved = tmp_path / "plan.json"
    two = {"app": {"size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"]}}
    two |= {"db": {"size": "s-1vcpu-1gb", "image": "debian-13-x64"}}
    made = play("plan", "-e", f"plan_file={saved}", "-e", "target=droplet.app", provision_droplets=two)
    assert made.returncode == 0, made.stdout + made.stderr
    plan = json.loads(saved.read_text())
    (block,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs/plan.md").read_text(), re.S)
    Draft202012Validator(json.loads(block)).validate(plan)
    assert plan["flags"]["target"] == ["droplet.app"]
    assert "droplet shop-staging-db" in {f"{step['kind']} {step['name']}" for step in plan["left_out"]}

    asked = len(sandbox.api("GET", "/_sandbox/requests")["requests"])
    shown = play("plan", "-e", f"show={saved}", provision_api_token="")
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert len(sandbox.api("GET", "/_sandbox/requests")["requests"]) == asked
    for words in ("Saved plan of shop-staging, made ", "with target=droplet.app", "+ droplet shop-staging-app  (+6.00"):
        assert words in shown.stdout
    for told in (made, shown):
        assert "Left out by the target" in told.stdout

    part = "plan[?kind=='droplet'].name"
    for words in (["-e", f"show={saved}"], ["-e", "target=droplet.app"]):
        found = play("plan", *words, "-e", f"jmespath={part}", provision_droplets=two)
        assert found.returncode == 0, found.stdout + found.stderr
        assert "shop-staging-app" in found.stdout
        assert "Left out by the target" not in found.stdout, "the part that was asked for and nothing else"

    both = play("provision", "--tags", "provision_declare", "-e", f"plan={saved}", "-e", "target=vpc")
    assert both.returncode != 0
    assert "is carried out with the target that it was made with" in both.stdout
    done = play("provision", "--tags", "provision_declare", "-e", f"plan={saved}", provision_droplets=two)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [row["name"] for row in sandbox.all("droplets")] == ["shop-staging-app"]

    for content, words in (
        ("{", "is not a saved plan: it is not JSON"),
        (json.dumps({**plan, "version": 7}), "has version 7, and this collection reads version 1"),
    ):
        saved.write_text(content)
        for arguments in (["plan", "-e", f"show={saved}"], ["provision", "-e", f"plan={saved}"]):
            broken = play(*arguments)
            assert broken.returncode != 0
            assert words in broken.stdout
    missing = play("plan", "-e", "show=/nowhere.json")
    assert "There is no plan in /nowhere.json" in missing.stdout
    mixed = play("plan", "-e", f"show={saved}", "-e", "target=vpc")
    assert "Usage: ansible-playbook playbooks/plan.yml" in " ".join(mixed.stdout.split())


def test_droplets_that_nobody_could_enter_are_refused_before_anything_is_asked(sandbox: Sandbox, play: Play):
    asked = len(sandbox.api("GET", "/_sandbox/requests")["requests"])
    words = "provision_allowed_ssh_ips is empty, so that the droplets would let nobody in"
    refused = play("provision", provision_allowed_ssh_ips=[])
    assert refused.returncode != 0
    assert words in " ".join(refused.stdout.split())
    assert len(sandbox.api("GET", "/_sandbox/requests")["requests"]) == asked
    planned = play("plan", provision_allowed_ssh_ips=[])
    assert planned.returncode == 0, planned.stdout
    assert f"provision.yml would refuse this: {words}" in " ".join(planned.stdout.split())
    for consent in ({"ci_door_enabled": True}, {"allow_no_ssh": True}):
        allowed = play("plan", provision_allowed_ssh_ips=[], **consent)
        assert allowed.returncode == 0, allowed.stdout
        assert words not in " ".join(allowed.stdout.split())


def test_a_target_is_refused_by_its_nearest_name_and_beside_prune(sandbox: Sandbox, play: Play):
    wrong = play("provision", "-e", "target=droplet.ap")
    assert wrong.returncode != 0
    assert "target: nothing that is declared is called droplet.ap. Did you mean droplet.app?" in wrong.stdout
    pruned = play("plan", "-e", "target=droplet.app", "-e", "provision_prune=true")
    assert "target: it does not go with prune (provision_prune)" in pruned.stdout
    assert sandbox.all("vpcs") == []
    done = play("provision", "--tags", "provision_declare", "-e", "target=firewall.web,vpc")
    assert done.returncode == 0, done.stdout + done.stderr
    there = [[row["name"] for row in sandbox.all(noun)] for noun in ("firewalls", "vpcs", "droplets")]
    assert there == [["shop-staging-fw-web"], ["shop-staging-vpc"], []]
    again = play("provision", "--tags", "provision_declare", "-e", "target=firewall.web,vpc")
    assert "changed=0 " in again.stdout


def test_drift_fails_a_job_that_asks_for_it(sandbox: Sandbox, play: Play):
    assert play("provision", "--tags", "provision_declare").returncode == 0
    calm = play("plan", "-e", "plan_fail_on_changes=true")
    assert calm.returncode == 0, calm.stdout
    assert "Nothing to do: " in calm.stdout
    (web,) = [row for row in sandbox.all("firewalls") if row["name"] == "shop-staging-fw-web"]
    rule = {"protocol": "tcp", "ports": "8080", "sources": {"addresses": ["0.0.0.0/0"]}}
    sandbox.api("POST", f"/v2/firewalls/{web['id']}/rules", {"inbound_rules": [rule]})
    drift = play("plan", "-e", "plan_fail_on_changes=true")
    assert drift.returncode != 0
    assert "Plan: 1 to change, " in drift.stdout
    assert "inbound: - tcp 8080 from 0.0.0.0/0" in drift.stdout


def test_destroying_asks_for_the_name_and_respects_protection(sandbox: Sandbox, play: Play):
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    assert play("provision", "--tags", "provision_declare").returncode == 0
    before = sandbox.account()
    protected = ["-e", "confirm=shop-staging", "-e", '{"provision_protect": true}']
    # The environment's name alone is that of every project's staging.
    for arguments in ([], ["-e", "confirm=staging"], ["-e", "confirm=shop-production"], protected):
        refused = play("destroy", *arguments)
        assert refused.returncode != 0, refused.stdout
        usage = "Usage: destroy.yml -e confirm=shop-staging"
        assert arguments is protected or usage in " ".join(refused.stdout.split())
        assert "shop-staging-app" in refused.stdout
        assert sandbox.account() == before
    shown = play("destroy", "--check")
    assert shown.returncode == 0, shown.stdout
    assert sandbox.account() == before
    done = play("destroy", "-e", "confirm=shop-staging")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "- droplet shop-staging-app  (-6.00 USD a month)" in done.stdout
    after = sandbox.account()
    assert [vpc["name"] for vpc in after["vpcs"]] == ["default-fra1"]
    assert (after["droplets"], after["firewalls"], after["tags"]) == ([], [], [])
    again = play("destroy")
    assert again.returncode == 0, again.stdout
    assert "Nothing to do" in again.stdout
