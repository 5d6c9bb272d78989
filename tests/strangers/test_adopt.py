# SPDX-License-Identifier: GPL-3.0-or-later
"""A droplet that is there already, as the guide's Terraform makes it (Ubuntu 24.04, the user `deploy`, two firewalls),
becomes a declared one, and gets an app, as docs/from-terraform.md says."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.driver import cloud, http
from tests.strangers.someone import APPS, Stranger, newcomer

API = "http://127.0.0.1:8780"
ADMIN = "198.51.100.1/32"
USER_DATA = """\
#cloud-config
users:
  - name: deploy
    groups: sudo
    shell: /bin/bash
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: ["{key}"]
"""
EVERYONE = {"addresses": ["0.0.0.0/0", "::/0"]}
OUTBOUND = [{"protocol": protocol, "ports": "all", "destinations": EVERYONE} for protocol in ("tcp", "udp")]


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Iterator[Path]:
    with newcomer(tmp_path_factory.mktemp("config"), "adopted") as file:
        yield file


def terraformed(key: str) -> int:
    """Return the id of the droplet."""
    vpc = cloud("/vpcs", "POST", {"name": "adopted-dev-vpc", "region": "fra1", "ip_range": "10.95.0.0/24"})["vpc"]
    key_id = cloud("/account/keys", "POST", {"name": "adopted-deploy-key", "public_key": key})["ssh_key"]["id"]
    droplet = {"name": "adopted-dev-app", "region": "fra1", "size": "s-2vcpu-4gb", "image": "ubuntu-24-04-x64"}
    more = {"vpc_uuid": vpc["id"], "ssh_keys": [key_id], "user_data": USER_DATA.format(key=key)}
    made = cloud("/droplets", "POST", {**droplet, **more})["droplet"]["id"]
    for name, ports, sources in (("web", ("80", "443"), EVERYONE), ("management", ("22",), {"addresses": [ADMIN]})):
        rules = [{"protocol": "tcp", "ports": port, "sources": sources} for port in ports]
        body = {"name": f"adopted-dev-fw-{name}", "inbound_rules": rules, "outbound_rules": OUTBOUND}
        cloud("/firewalls", "POST", {**body, "droplet_ids": [made]})
    deadline = time.monotonic() + 180
    while cloud(f"/droplets/{made}")["droplet"]["status"] != "active":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return made


def declared(owner: Stranger) -> dict[str, Any]:
    return yaml.safe_load((owner.inventory / "group_vars/all/environment.yml").read_text())


def test_the_guides_droplet_becomes_a_declared_one_and_gets_an_app(tmp_path: Path, config: Path):
    owner = Stranger(tmp_path, APPS / "page", config, "adopted")
    droplet = terraformed((owner.home / ".ssh/id_ed25519.pub").read_text().strip())
    owner.begin(adopt="true", provision_api_url=API)
    found = declared(owner)
    assert found["provision_droplets"]["app"]["image"] == "ubuntu-24-04-x64"
    assert found["provision_allowed_ssh_ips"] == [ADMIN]

    run = owner.play("site")
    assert run.status == 0, run.output
    assert cloud("/droplets?name=adopted-dev-app")["droplets"][0]["id"] == droplet
    answer = http(f"http://{owner.address}/")
    assert (answer.status, "<h1>Good morning</h1>" in answer.body) == (200, True), answer.body
    again = owner.play("site")
    assert (again.status, again.total("changed")) == (0, 0), again.output
