# SPDX-License-Identifier: GPL-3.0-or-later
"""init.yml, and plan.yml with the very inventory that it wrote: nothing is edited in between but where the API is."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.unit.apps import APPS, SECRET, write

from .conftest import PLAYBOOK, Sandbox, newcomer, played

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def play(sandbox: Sandbox, tmp_path: Path) -> Play:
    """Run a playbook of the collection by its full name, as who has it installed, in a folder with an app."""
    mine = {**os.environ, **newcomer(tmp_path, sandbox)}

    def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return played(f"izzzi.infra.{name}", *arguments, cwd=tmp_path, env=mine)

    return run


def said(**values: str) -> list[str]:
    return [word for name, value in values.items() for word in ("-e", f"{name}={value}")]


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("one", {}),
        ("worker", {"env": "staging", "domain": "shop.izzzi.test"}),
        ("monorepo", {"runner": "swarm", "domain": "shop.test", "region": "nyc3"}),
        ("fastapi", {"env": "dev"}),
        ("static", {"into": "elsewhere"}),
    ],
)
def test_what_was_written_is_planned_at_once(kind, more, sandbox: Sandbox, play: Play, tmp_path: Path):
    write(tmp_path / "app", APPS[kind])
    asked = {"env": "production", "project": "shop", "app": "app", **more}
    made = play("init", *said(**asked))
    assert made.returncode == 0, made.stdout + made.stderr
    assert SECRET not in made.stdout
    into = tmp_path / more.get("into", f"inventories/{asked['env']}")
    with (into / "digitalocean.yml").open("a") as file:
        file.write(f"baseurl: {sandbox.url}/v2\n")
    before = sandbox.account()
    planned = play("plan", "-i", str(into), "-e", f"provision_api_url={sandbox.url}")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert sandbox.account() == before
    name = f"shop-{asked['env']}"
    droplet = f"{name}-manager" if asked.get("runner") == "swarm" else f"{name}-app"
    for line in (f"+ vpc {name}-vpc", f"+ droplet {droplet}", "+ ssh_key "):
        assert line in planned.stdout
    assert (f"+ domain {more['domain']}" in planned.stdout) if "domain" in more else "domain" not in planned.stdout


def test_the_inventory_names_its_droplets_after_its_own_environment(sandbox: Sandbox, play: Play, tmp_path: Path):
    """Two environments of one account: each finds its own droplets, and neither those of the other."""
    write(tmp_path / "app", APPS["one"])
    for env in ("staging", "production"):
        assert play("init", *said(env=env, project="shop", app="app")).returncode == 0
        into = tmp_path / "inventories" / env
        with (into / "digitalocean.yml").open("a") as file:
            file.write(f"baseurl: {sandbox.url}/v2\n")
        there = said(provision_api_url=sandbox.url)
        done = play("provision", "-i", str(into), "--tags", "provision_declare", *there)
        assert done.returncode == 0, done.stdout + done.stderr
    listed = subprocess.run(
        [PLAYBOOK.with_name("ansible-inventory"), "-i", str(tmp_path / "inventories/staging"), "--list"],
        env={**os.environ, "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"), "DIGITALOCEAN_TOKEN": sandbox.token},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(listed.stdout)["web"]["hosts"] == ["shop-staging-app"]
    assert len(sandbox.all("droplets")) == 2


def test_a_secret_of_somebody_else_is_asked_for_before_droplets_are_made(play: Play, tmp_path: Path, sandbox: Sandbox):
    write(tmp_path / "app", APPS["fastapi"])
    assert play("init", *said(env="dev", project="shop", app="app")).returncode == 0
    into = tmp_path / "inventories/dev"
    with (into / "digitalocean.yml").open("a") as file:
        file.write(f"baseurl: {sandbox.url}/v2\n")
    before = sandbox.account()
    there = ["-i", str(into), *said(provision_api_url=sandbox.url)]
    there += ["-e", '{"provision_allowed_ssh_ips": ["203.0.113.7/32"]}']
    missing = "vault_app_api_token is not in the vault, and nothing generates it."
    cure = f"ansible-vault create {into}/group_vars/all/vault.yml"
    planned = play("plan", *there)
    assert planned.returncode == 0, planned.stdout + planned.stderr
    refused = play("site", *there)
    assert refused.returncode != 0
    for ran in (planned, refused):
        assert "group_vars/all/app.yml, line " in ran.stdout
        assert missing in ran.stdout
        assert cure in ran.stdout
    assert sandbox.account() == before
    (tmp_path / "password").write_text("password of this test\n")
    vault = into / "group_vars/all/vault.yml"
    vault.write_text('vault_app_api_token: "4f1c90d2aa"\n')
    sealed = [PLAYBOOK.with_name("ansible-vault"), "encrypt", "--vault-password-file", tmp_path / "password", vault]
    subprocess.run(sealed, cwd=tmp_path, check=True, capture_output=True)
    opened = play("plan", *there, "--vault-password-file", str(tmp_path / "password"))
    assert opened.returncode == 0, opened.stdout + opened.stderr
    assert "not in the vault" not in opened.stdout
    closed = play("plan", *there)
    assert closed.returncode != 0
    assert f"{vault} is encrypted, and there is no vault password: export" in closed.stderr


def test_a_second_run_check_mode_and_what_is_missing(play: Play, tmp_path: Path, sandbox: Sandbox):
    write(tmp_path / "app", APPS["one"])
    asked = said(env="production", project="shop", app="app")
    looked = play("init", *asked, "--check", "--diff")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "Nothing was written (--check)." in looked.stdout
    assert "+provision_project: shop" in looked.stdout
    assert not (tmp_path / "inventories").exists()
    missing = play("init", "-e", "project=shop")
    assert missing.returncode != 0
    assert (
        "init.yml: env and app are missing. Usage: ansible-playbook playbooks/init.yml"
        in missing.stdout + missing.stderr
    )
    assert play("init", *asked).returncode == 0
    again = play("init", *asked)
    assert again.returncode != 0
    assert "exists, and nothing that exists is written over" in again.stdout + again.stderr
    wrong = play("init", *said(env="prod", project="shop", app="app"))
    assert "env is 'prod', and must be production or staging or dev" in wrong.stdout + wrong.stderr
    # Ansible warns of this name, which it keeps for itself; it is understood all the same.
    other = play("init", *said(environment="staging", project="shop", app="app"))
    assert other.returncode == 0, other.stdout + other.stderr
    assert (tmp_path / "inventories/staging/hosts.yaml").exists()
    assert sandbox.all("droplets") == []
