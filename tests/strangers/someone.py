# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who has this collection, an app and an empty folder, and types what the documents say."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.driver import ROOT, SANDBOX_HOME, Run, cloud, run_playbook

APPS = Path(__file__).with_name("apps")
NETWORKS = {"several": "10.94.0.0/16"}  # of projects that may run beside one with the range that init gives


class Stranger:
    """Somebody with an app in a folder, an empty folder beside it, and a key."""

    def __init__(self, folder: Path, app: Path, config: Path, project: str = "corner"):
        self.folder, self.app, self.home, self.project = folder, app, config.parent, project
        self.inventory = folder / "inventories/dev"
        token = (SANDBOX_HOME / "token").read_text().strip()
        password = folder / "vault-password"
        password.write_text("password of this test\n")
        key = self.home / ".ssh/id_ed25519"
        if not key.exists():
            key.parent.mkdir(exist_ok=True)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        self.environment = {
            "HOME": str(self.home),
            "ANSIBLE_CONFIG": str(config),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(password),
            "DIGITALOCEAN_TOKEN": token,
        }

    def play(self, verb: str, *arguments: str, inventory: bool = True) -> Run:
        given = ["-i", str(self.inventory)] if inventory else ["-i", "localhost,"]
        run = run_playbook(f"izzzi.infra.{verb}", *given, *arguments, cwd=self.folder, env=self.environment)
        assert self.environment["DIGITALOCEAN_TOKEN"] not in run.output
        return run

    def begin(self, **more: str) -> None:
        asked = {"env": "dev", "project": self.project, "app": os.path.relpath(self.app, self.folder), **more}
        arguments = [word for name, value in asked.items() for word in ("-e", f"{name}={value}")]
        run = self.play("init", *arguments, inventory=False)
        assert run.status == 0, run.output
        page = (ROOT / "docs/sandbox.md").read_text()
        base, variables = re.findall(r"```yaml\n(.*?)```", page.partition("## Your own inventory\n")[2], re.S)[:2]
        with (self.inventory / "digitalocean.yml").open("a") as file:
            file.write(base)
        (self.inventory / "group_vars/all/sandbox.yml").write_text(variables)
        # ssh does not ask HOME where its files are.
        key, known = self.home / ".ssh/id_ed25519", self.home / f".ssh/{self.project}-dev.known_hosts"
        here = {
            "ansible_ssh_private_key_file": key,
            "provision_ssh_private_key_file": key,
            "provision_known_hosts": known,
        }
        lines = [f"{name}: {path}\n" for name, path in here.items()]
        if self.project in NETWORKS:
            lines.append(f"provision_vpc: {{ip_range: {NETWORKS[self.project]}}}\n")
        (self.inventory / "group_vars/all/test.yml").write_text("".join(lines))

    @property
    def address(self) -> str:
        (droplet,) = cloud(f"/droplets?name={self.project}-dev-app")["droplets"]
        return next(n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public")


def settings(home: Path) -> Path:
    """Write an ansible.cfg: Ansible's own settings but for the strategy, which is quicker."""
    file = home / "ansible.cfg"
    collections, strategy = ROOT / ".ansible/collections", ROOT / ".ansible/ansible_mitogen/plugins/strategy"
    lines = [f"collections_path = {collections}", f"strategy_plugins = {strategy}", "strategy = mitogen_linear"]
    file.write_text("\n".join(["[defaults]", *lines, ""]))
    return file


@contextmanager
def newcomer(folder: Path, project: str) -> Iterator[Path]:
    """Give somebody's ansible.cfg, with their home beside it. At the end the droplet goes."""
    for key in cloud("/account/keys?per_page=200")["ssh_keys"]:
        if key["name"] == f"{project}-deploy-key":  # of an earlier run: an account's keys stay
            cloud(f"/account/keys/{key['id']}", "DELETE")
    yield settings(folder)
    someone = Stranger(folder, APPS / "page", folder / "ansible.cfg", project)
    someone.begin()
    run = someone.play("destroy", "-e", f"confirm={project}-dev")
    assert run.status == 0, run.output
