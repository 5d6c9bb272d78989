# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox of the tests' own: memory-backed, on free ports, in a directory that goes away."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader

from tests.cloud.module_process import spawn

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS test@izzzi"

init_plugin_loader([str(ROOT / ".ansible" / "collections")])


@dataclass
class Sandbox:
    home: Path
    url: str
    environment: dict[str, str]
    process: subprocess.Popen

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    def api(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=20) as reply:
            content = reply.read()
        return json.loads(content) if content else {}

    def all(self, noun: str) -> list[dict[str, Any]]:
        return self.api("GET", f"/v2/{noun}?per_page=200")[noun.rsplit("/", 1)[-1].replace("keys", "ssh_keys")]

    def account(self) -> dict[str, list[dict[str, Any]]]:
        """Everything that the account holds, to compare before and after."""
        return {noun: self.all(noun) for noun in ("vpcs", "account/keys", "tags", "firewalls", "droplets")}

    def reset(self) -> None:
        self.api("POST", "/_sandbox/reset")


def free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def start(home: Path, **settings: str) -> Sandbox:
    http, tls, spaces, dns = free_ports(4)
    environment = {
        **os.environ,
        "IZZZI_SANDBOX_HOME": str(home),
        "IZZZI_SANDBOX_BACKEND": "memory",
        "IZZZI_SANDBOX_HTTP_PORT": str(http),
        "IZZZI_SANDBOX_TLS_PORT": str(tls),
        "IZZZI_SANDBOX_SPACES_PORT": str(spaces),
        "IZZZI_SANDBOX_DNS_PORT": str(dns),
        **settings,
    }
    with (home / "output").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "izzzi_sandbox.daemon.server"], env=environment, stdout=output, stderr=output
        )
    sandbox = Sandbox(home, f"http://127.0.0.1:{http}", environment, process)
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{sandbox.url}/_sandbox/health", timeout=2).close()
        except OSError:
            assert process.poll() is None, (home / "output").read_text()
            assert time.monotonic() < deadline, (home / "output").read_text()
            time.sleep(0.1)
        else:
            return sandbox


def stop(sandbox: Sandbox) -> None:
    sandbox.process.terminate()
    sandbox.process.wait(20)


@pytest.fixture(scope="session")
def daemon(tmp_path_factory) -> Iterator[Sandbox]:
    sandbox = start(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    stop(sandbox)


@pytest.fixture
def sandbox(daemon) -> Sandbox:
    """An empty account."""
    daemon.reset()
    return daemon


def declaration(url: str, token: str) -> dict[str, Any]:
    """One droplet behind two firewalls."""
    everyone = {"addresses": ["0.0.0.0/0", "::/0"]}
    return {
        "api_url": url,
        "api_token": token,
        "project": "shop",
        "environment": "staging",
        "region": "fra1",
        "vpc": {"ip_range": "10.66.0.0/16"},
        "ssh_keys": [{"name": "deploy", "public_key": KEY}],
        "firewalls": {
            "web": {
                "inbound": [
                    {"protocol": "tcp", "ports": "443", "sources": everyone},
                    {"protocol": "icmp", "sources": everyone},
                ]
            },
            "internal": {"inbound": [{"protocol": "tcp", "ports": "all", "sources": {"members": True}}]},
        },
        "droplets": {"app": {"count": 1, "size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"]}},
        "user_data": "#cloud-config\n# the-secret-of-the-user-data\n",
    }


@pytest.fixture
def declared(sandbox) -> dict[str, Any]:
    return declaration(sandbox.url, sandbox.token)


Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run() -> Run:
    def run(arguments: dict[str, Any], *, check: bool = False, **environ: str) -> dict[str, Any]:
        result = spawn(arguments, check=check, **environ).result()
        token = arguments.get("api_token") or environ["DIGITALOCEAN_TOKEN"]
        assert token not in json.dumps(result), "the token is in the result"
        return result

    return run


def played(
    *command: str | Path, env: Mapping[str, str], cwd: Path | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run ansible-playbook as somebody who looks at no colours and does not answer."""
    return subprocess.run(
        [PLAYBOOK, *command],
        cwd=cwd,
        env={**env, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def newcomer(folder: Path, sandbox: Sandbox, *config: str) -> dict[str, str]:
    """Return the environment of somebody with a key and a token, who has the collection installed. `config` are further
    lines of their ansible.cfg."""
    (folder / "home/.ssh").mkdir(parents=True)
    (folder / "home/.ssh/id_ed25519.pub").write_text(f"{KEY}\n")
    lines = ["[defaults]", f"collections_path = {ROOT}/.ansible/collections", *config]
    (folder / "ansible.cfg").write_text("\n".join([*lines, ""]))
    token = {"DIGITALOCEAN_TOKEN": sandbox.token}
    return {"HOME": str(folder / "home"), "ANSIBLE_CONFIG": str(folder / "ansible.cfg"), **token}


def actions(result: dict[str, Any]) -> dict[str, str]:
    """What the plan does, by `kind name`, without what stays."""
    return {f"{s['kind']} {s['name']}": s["action"] for s in result["plan"] if s["action"] not in ("noop", "keep")}


@pytest.fixture
def variables(sandbox: Sandbox, tmp_path: Path) -> dict[str, Any]:
    """Return an environment of one droplet, as an inventory declares it."""
    return {
        "provision_api_url": sandbox.url,
        "provision_api_token": sandbox.token,
        "provision_project": "shop",
        "provision_environment": "staging",
        "provision_region": "fra1",
        "provision_vpc": {"ip_range": "10.66.0.0/16"},
        "provision_ssh_keys": [{"name": "deploy", "public_key": KEY}],
        "provision_droplets": {"app": {"size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"]}},
        "provision_known_hosts": str(tmp_path / "known_hosts"),
        "ansible_python_interpreter": sys.executable,
    }
