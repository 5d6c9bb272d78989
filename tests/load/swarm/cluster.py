# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof's droplets: made, looked at over SSH, switched off and on through the sandbox's API, and deleted."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.e2e.driver import ROOT, Run, cloud, run_playbook, ssh


@dataclass(frozen=True)
class Node:
    id: int
    name: str
    public: str
    private: str

    @property
    def is_manager(self) -> bool:
        return "-manager" in self.name


def parse(droplet: dict) -> Node:
    addresses = {network["type"]: network["ip_address"] for network in droplet["networks"]["v4"]}
    return Node(droplet["id"], droplet["name"], addresses["public"], addresses["private"])


def inventory(folder: Path, own: dict, environment: str = "dev") -> Path:
    """The sandbox's inventory with other names and counts, and a small app in the place of the demo's."""
    target = folder / "inventory"
    if not target.exists():
        shutil.copytree(ROOT / "inventories/sandbox", target)
    named = {"provision_environment": environment}
    files = {"provision_known_hosts": str(folder / "known_hosts"), "app_secrets_file": str(folder / "vault.yml")}
    (target / "group_vars/all/zz_proof.yml").write_text(yaml.safe_dump(own | files | named))
    return target


class Cluster:
    """Droplets while the block runs. `own` is what their inventory says otherwise than the sandbox's."""

    def __init__(self, folder: Path, own: dict, *without: str, environment: str = "dev"):
        self.folder, self.environment = folder, environment
        self.nodes: list[Node] = []
        self._inventory = inventory(folder, own, environment)
        # Roles by tag that the proof goes without, whenever hosts are configured.
        self.without = ["--skip-tags", ",".join(without)] if without else []

    def __enter__(self) -> Cluster:
        try:
            self.must("playbooks/provision.yml")
            self.look()
            self.must("playbooks/configure.yml", *self.without)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_exception) -> None:
        self.must("playbooks/destroy.yml", "-e", f"confirm=proof-{self.environment}")

    def declare(self, own: dict) -> None:
        inventory(self.folder, own, self.environment)

    def look(self) -> None:
        found = cloud(f"/droplets?tag_name=izzzi:proof:{self.environment}")["droplets"]
        self.nodes = sorted(map(parse, found), key=lambda node: node.name)

    def must(self, name: str, *arguments: str) -> None:
        run = self.playbook(name, *arguments)
        assert run.status == 0, run.output[-4000:]

    def playbook(self, name: str, *arguments: str) -> Run:
        return run_playbook("-i", str(self._inventory), name, *arguments)

    def on(self, node: Node, command: str, check: bool = True, text: str = "") -> str:
        options = ("-oConnectTimeout=5", "-oServerAliveInterval=5", "-oServerAliveCountMax=2")
        full = ssh(node.public, f"sudo {command}", *options, known_hosts=self.folder / "known_hosts")
        return subprocess.run(full, capture_output=True, text=True, timeout=300, check=check, input=text).stdout

    def is_back(self, node: Node, than: str) -> bool:
        """Booted since `than`, and the managers, the node itself among them if it is one, count on it again."""
        booted = self.booted(node)
        return booted not in ("", than) and node.name in self.ready(node if node.is_manager else self.manager())

    def booted(self, node: Node) -> str:
        """Another text after each boot; nothing while it is off."""
        return self.on(node, "cut -d' ' -f22 /proc/1/stat", check=False).strip()

    def balancer(self) -> Node:
        """The environment's load balancer, as visitors see it."""
        (found,) = [
            b for b in cloud("/load_balancers")["load_balancers"] if b["name"] == f"proof-{self.environment}-lb"
        ]
        return Node(0, "balancer", found["ip"], "")

    def manager(self, other_than: Node | None = None) -> Node:
        return next(node for node in self.nodes if node.is_manager and node != other_than)

    def leader(self) -> Node:
        listed = self.on(self.manager(), "docker node ls --format '{{.Hostname}} {{.ManagerStatus}}'").splitlines()
        name = next(line.split()[0] for line in listed if line.endswith("Leader"))
        return next(node for node in self.nodes if node.name == name)

    def ready(self, asked: Node) -> set[str]:
        listed = self.on(asked, "docker node ls --format '{{.Hostname}} {{.Status}}'", check=False).splitlines()
        return {line.split()[0] for line in listed if line.endswith(" Ready")}

    def places(self, service: str, asked: Node) -> list[str]:
        """The nodes of its tasks that run, on nodes that are there."""
        command = f"docker service ps {service} --filter desired-state=running --format '{{{{json .}}}}'"
        ready = self.ready(asked)
        tasks = map(json.loads, self.on(asked, command, check=False).splitlines())
        return [t["Node"] for t in tasks if t["Node"] in ready and t["CurrentState"].startswith("Running")]

    def replicas(self, service: str, asked: Node) -> int:
        return len(self.places(service, asked))

    def busiest(self, nodes: Iterable[Node], *services: str) -> Node:
        """The one of these that runs most tasks of the services."""
        places = [place for service in services for place in self.places(service, self.manager())]
        return max(nodes, key=lambda node: places.count(node.name))

    def seconds_until(self, wanted, limit: float) -> float | None:
        begun = time.monotonic()
        while time.monotonic() - begun < limit:
            if wanted():
                return time.monotonic() - begun
            time.sleep(0.5)
        return None
