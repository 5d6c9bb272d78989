# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml and site.yml --check by Ansible's own strategy and by mitogen's, with what init.yml wrote. Neither may use
what Ansible is about to drop. scripts/compat runs this with other versions of ansible-core."""

from __future__ import annotations

import os
from pathlib import Path

import ansible_mitogen
import pytest

from tests.unit.apps import APPS, write

from .conftest import Sandbox, newcomer, played

# What others do: a strategy that is not Ansible's own (docs/decisions/0002-mitogen-strategy.md), and the inventory
# plugin of community.digitalocean, which ours is a kind of.
OTHERS = ("strategy", "'to_native' from 'ansible.module_utils._text'")
MITOGEN = Path(ansible_mitogen.__path__[0]) / "plugins" / "strategy"


@pytest.mark.parametrize("strategy", ["linear", "mitogen_linear"])
def test_a_new_environment_is_planned_and_checked(strategy, sandbox: Sandbox, tmp_path: Path):
    write(tmp_path / "app", APPS["one"])
    config = [f"strategy = {strategy}", f"strategy_plugins = {MITOGEN}"]
    config += ["[inventory]", "enable_plugins = izzzi.infra.droplets, yaml"]
    mine = {**os.environ, **newcomer(tmp_path, sandbox, *config)}

    def play(name: str, *arguments: str) -> str:
        ran = played(f"izzzi.infra.{name}", *arguments, cwd=tmp_path, env=mine, timeout=240)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        told = [line for line in (ran.stdout + ran.stderr).splitlines() if "DEPRECATION" in line]
        assert [line for line in told if not any(words in line for words in OTHERS)] == []
        return ran.stdout

    play("init", "-e", "env=staging", "-e", "project=shop", "-e", "app=app")
    with (tmp_path / "inventories/staging/digitalocean.yml").open("a") as file:
        file.write(f"baseurl: {sandbox.url}/v2\n")
    (tmp_path / "office.json").write_text('{"provision_allowed_ssh_ips": ["203.0.113.7/32"]}')
    there = ["-i", "inventories/staging", "-e", f"provision_api_url={sandbox.url}", "-e", "@office.json"]
    assert "+ droplet shop-staging-app" in play("plan", *there)
    checked = play("site", *there, "--check", "--diff")
    assert "+ droplet shop-staging-app" in checked
    assert sandbox.all("droplets") == []
