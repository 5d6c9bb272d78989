# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from botocore.client import Config

from .cloud import HOME, Droplet, api, wait_until
from .machines import Machines, running

NAME = "sandbox-test"
USER_DATA = """#cloud-config
write_files:
  - path: /etc/seen-by-cloud-init
    content: "user_data ran"
users:
  - default
  - name: visitor
    shell: /bin/bash
"""

Create = Callable[..., Droplet]


@pytest.fixture(scope="session", autouse=True)
def sandbox() -> None:
    command = Path(sys.executable).with_name("izzzi-sandbox")
    if not command.exists() or not shutil.which("docker"):
        pytest.fail("these tests need a Docker engine and the sandbox: make setup")
    subprocess.run([command, "up"], check=True, timeout=900)


@pytest.fixture(scope="session")
def key(sandbox) -> Iterator[int]:
    public_key = (HOME / "id_ed25519.pub").read_text().strip()
    keys = {k["public_key"]: k["id"] for k in api("GET", "/account/keys?per_page=200")["ssh_keys"]}
    if public_key in keys:
        yield keys[public_key]
        return
    id = api("POST", "/account/keys", {"name": NAME, "public_key": public_key})["ssh_key"]["id"]
    yield id
    api("DELETE", f"/account/keys/{id}")


@pytest.fixture(scope="module")
def vpc(sandbox) -> Iterator[str]:
    # The first VPC of a region becomes its default and cannot be deleted; so let the region have one already.
    if not any(v["region"] == "lon1" and v["default"] for v in api("GET", "/vpcs?per_page=200")["vpcs"]):
        api("POST", "/vpcs", {"name": "default-lon1", "region": "lon1"})
    id = api("POST", "/vpcs", {"name": NAME, "region": "lon1", "ip_range": "10.61.0.0/24"})["vpc"]["id"]
    yield id
    api("DELETE", f"/vpcs/{id}")


@pytest.fixture(scope="module")
def create(vpc: str, key: int) -> Iterator[Create]:
    """Makes droplets that are gone, completely, when the module ends."""
    made: list[int] = []

    def make(name: str = NAME, image: str = "debian-13-x64", size: str = "s-1vcpu-1gb", **more) -> Droplet:
        body = {"name": name, "region": "lon1", "size": size, "image": image, "ssh_keys": [key], "vpc_uuid": vpc}
        droplet = api("POST", "/droplets", {**body, "user_data": USER_DATA, **more})["droplet"]
        assert droplet["status"] == "new"
        made.append(droplet["id"])
        active = wait_until(lambda: is_active(droplet["id"]), f"droplet {name} becomes active", 180)
        addresses = {n["type"]: n["ip_address"] for n in active["networks"]["v4"]}
        return Droplet(droplet["id"], addresses["public"], addresses["private"])

    yield make
    alive = {d["id"] for d in api("GET", "/droplets?per_page=200")["droplets"]}
    for id in alive.intersection(made):
        api("DELETE", f"/droplets/{id}")
    wait_until(lambda: not alive_of(made), "the droplets are gone")
    for tag in api("GET", "/tags?per_page=200")["tags"]:
        if tag["name"].startswith(NAME):
            api("DELETE", f"/tags/{tag['name']}")


def is_active(id: int) -> dict | None:
    droplet = api("GET", f"/droplets/{id}")["droplet"]
    return droplet if droplet["status"] == "active" and not droplet["locked"] else None


def alive_of(ids: list[int]) -> set[int]:
    return {d["id"] for d in api("GET", "/droplets?per_page=200")["droplets"]}.intersection(ids)


@pytest.fixture(scope="session")
def owner(sandbox):
    """Spaces with the account's own key."""
    id, secret = (HOME / "spaces_key").read_text().split()
    port = os.environ.get("IZZZI_SANDBOX_SPACES_PORT", "8782")
    options = {"aws_access_key_id": id, "aws_secret_access_key": secret, "region_name": "us-east-1"}
    return boto3.client(
        "s3", endpoint_url=f"http://127.0.0.1:{port}", config=Config(signature_version="s3v4"), **options
    )


@pytest.fixture(scope="package")
def machines(sandbox) -> Iterator[Machines]:
    with running() as machines:
        yield machines


@pytest.fixture(scope="package")
def pair(machines: Machines) -> tuple[Droplet, Droplet]:
    """Two droplets that many tests use, because a boot costs seconds: each test leaves them as it found them."""
    return machines.create(1), machines.create(2)
