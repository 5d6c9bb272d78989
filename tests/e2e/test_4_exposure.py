# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/verify.yml on the live app: silent when all is as declared, and it names every hole.

A container on the sandbox's public network is the stranger. The droplet is left as it was.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.driver import ROOT, Run, cloud, on_droplet, run_playbook

STRANGER = "izzzi-sandbox-stranger"
IMAGE = "izzzi-sandbox/debian-13-x64:latest"


@pytest.fixture(scope="module")
def inventory(tmp_path_factory) -> Path:
    """The sandbox's, with the stranger in group `vantage`."""
    path = tmp_path_factory.mktemp("inventory") / "sandbox"
    shutil.copytree(ROOT / "inventories/sandbox", path)
    stranger = {"ansible_connection": "community.docker.docker", "ansible_user": "root"}
    (path / "stranger.yaml").write_text(json.dumps({"vantage": {"hosts": {STRANGER: stranger}}}))
    run = ["docker", "run", "--detach", "--rm", "--name", STRANGER, "--label", "izzzi.sandbox=1"]
    subprocess.run([*run, "--network", "izzzi-sandbox-public", "--entrypoint", "sleep", IMAGE, "900"], check=True)
    yield path
    subprocess.run(["docker", "rm", "--force", STRANGER], check=True, capture_output=True)


def verify(inventory: Path, *more: str) -> Run:
    # Nothing is far away here: one second is too long to wait for an answer.
    quick = ("-e", "verify_rate=20000", "-e", "verify_timeout=0.9")
    return run_playbook("-i", str(inventory), "playbooks/verify.yml", *quick, *more)


def test_exactly_what_is_declared_can_be_reached(inventory, artifacts):
    run = verify(inventory)
    (artifacts / "verify.log").write_text(run.output)
    assert run.status == 0, run.output[-4000:]
    assert "80/tcp open to everybody" in run.output
    assert f"{STRANGER}: 65547 ports tried" in run.output, "the stranger tried every TCP port and some of UDP"


@pytest.fixture
def holes():
    """One in each wall, and two services that only the walls hide."""
    (droplet,) = cloud("/droplets?name=izzzi-dev-app")["droplets"]
    rule = {"protocol": "tcp", "ports": "5432", "sources": {"addresses": ["0.0.0.0/0"]}}
    firewall = {"name": "by-hand", "inbound_rules": [rule], "outbound_rules": [], "droplet_ids": [droplet["id"]]}
    id = cloud("/firewalls", "POST", firewall)["firewall"]["id"]
    try:
        on_droplet(
            "sudo docker run --detach --name hole --publish 0.0.0.0:5432:5432 --entrypoint sleep postgres:17 900"
        )
        on_droplet("sudo systemd-run --quiet --unit hole python3 -m http.server --bind :: 9999")
        handle = "$(sudo nft --handle list chain inet izzzi inbound | sed -n 's/.*drop # handle //p' | tail -1)"
        on_droplet(f"sudo nft delete rule inet izzzi inbound handle {handle}")
        yield
    finally:
        on_droplet("sudo systemctl reload-or-restart nftables; sudo systemctl stop hole; sudo docker rm --force hole")
        cloud(f"/firewalls/{id}", "DELETE")


def test_every_hole_is_found_and_named(inventory, holes, artifacts):
    run = verify(inventory, "-e", "verify_tcp_ports=5000-10000")  # every port was tried just before
    (artifacts / "verify-holes.log").write_text(run.output)
    assert run.status != 0
    text = " ".join(run.output.split())
    for line in (
        "izzzi-dev-app: cloud firewall: 5432/tcp open to everybody (IPv4): expected closed",
        "izzzi-dev-app: host firewall: expected 'counter drop', found it missing",
        "izzzi-dev-app: 5432/tcp: expected closed, found container hole published on 0.0.0.0",
        "izzzi-dev-app: 9999/tcp: expected closed, found python3 listening on every address",
    ):
        assert line in text, run.output[-4000:]
    stranger = rf"5432/tcp from {STRANGER} \(198\.51\.100\.\d+\): expected closed, found (open|reachable)"
    assert re.search(stranger, text), run.output[-4000:]
