# SPDX-License-Identifier: GPL-3.0-or-later
"""The system under test is the sandbox's droplet, driven only through the commands that users type."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
SANDBOX_HOME = Path(os.environ.get("IZZZI_SANDBOX_HOME", "~/.local/state/izzzi-sandbox")).expanduser()
ARTIFACTS = ROOT / "artifacts"


@dataclass(frozen=True)
class Run:
    """One ansible-playbook run: exit status, output, and the recap's counters per host."""

    status: int
    output: str
    recap: dict[str, dict[str, int]]

    def total(self, counter: str) -> int:
        return sum(host[counter] for host in self.recap.values())


def parse_recap(output: str) -> dict[str, dict[str, int]]:
    lines = re.findall(r"^(\S+)\s+: (ok=\d+ .*)$", output, flags=re.MULTILINE)
    return {host: {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", counters)} for host, counters in lines}


def run_playbook(*arguments: str, env: dict[str, str] | None = None, cwd: Path = ROOT, timeout: int = 1500) -> Run:
    """Runs a playbook as a user would, by default from the checkout's root."""
    process = subprocess.run(
        [BIN / "ansible-playbook", *arguments],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    output = process.stdout + process.stderr
    return Run(process.returncode, output, parse_recap(output))


def site(*arguments: str, **options) -> Run:
    return run_playbook("playbooks/site.yml", *arguments, **options)


@dataclass(frozen=True)
class Reply:
    status: int
    body: str
    headers: dict[str, str]

    @property
    def json(self):
        return json.loads(self.body)


def http(url: str, method: str = "GET", body: dict | None = None, headers: dict | None = None) -> Reply:
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as reply:
            return Reply(reply.status, reply.read().decode(), dict(reply.headers))
    except urllib.error.HTTPError as error:
        return Reply(error.code, error.read().decode(), dict(error.headers))


def cloud(path: str, method: str = "GET", body: dict | None = None) -> dict:
    """Asks the sandbox's DigitalOcean API."""
    token = (SANDBOX_HOME / "token").read_text().strip()
    reply = http(f"http://127.0.0.1:8780/v2{path}", method, body, {"Authorization": f"Bearer {token}"})
    assert 200 <= reply.status < 300, reply
    return reply.json if reply.body else {}


def ours(kind: str) -> list[dict]:
    """What the account has of the demo's: other tests may have environments of their own in it."""
    rows = cloud(f"/{kind}?per_page=200")[kind.rsplit("/", 1)[-1].replace("keys", "ssh_keys")]
    return [row for row in rows if row["name"].startswith(("izzzi-", "izzzi:izzzi:"))]


def droplet_address() -> str:
    (droplet,) = cloud("/droplets?name=izzzi-dev-app")["droplets"]
    (address,) = [n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public"]
    return address


def power(id: int, action: str) -> None:
    """Switches a droplet through the API, and waits until that is done."""
    begun = cloud(f"/droplets/{id}/actions", "POST", {"type": action})["action"]
    for _ in range(120):
        ended = cloud(f"/actions/{begun['id']}")["action"]
        if ended["status"] != "in-progress":
            assert ended["status"] == "completed", ended
            return
        time.sleep(0.5)
    raise AssertionError(f"{action} does not end")


def ssh(address: str, command: str, *more: str, known_hosts: Path = SANDBOX_HOME / "known_hosts") -> list[str | Path]:
    """What runs a shell command as the deploy user."""
    options = [
        f"-oUserKnownHostsFile={known_hosts}",
        "-oStrictHostKeyChecking=accept-new",
        "-oBatchMode=yes",
        *more,
    ]
    return ["ssh", "-i", SANDBOX_HOME / "id_ed25519", *options, f"deploy@{address}", command]


def on_droplet(command: str) -> str:
    """Its standard output."""
    process = subprocess.run(ssh(droplet_address(), command), capture_output=True, text=True, timeout=120, check=True)
    return process.stdout


def generated_secrets() -> dict[str, str]:
    """The values in the sandbox's vault file."""
    view = [BIN / "ansible-vault", "view", SANDBOX_HOME / "vault.yml"]
    plain = subprocess.run(view, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return yaml.safe_load(plain)
