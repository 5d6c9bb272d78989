# SPDX-License-Identifier: GPL-3.0-or-later
"""The running sandbox, spoken to over its API and, for what only a machine can tell, over SSH and `docker`."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOME = Path(os.environ.get("IZZZI_SANDBOX_HOME", "~/.local/state/izzzi-sandbox")).expanduser()
API = f"http://127.0.0.1:{os.environ.get('IZZZI_SANDBOX_HTTP_PORT', '8780')}/v2"
STRANGER_IMAGE = "izzzi-sandbox/debian-13-x64:latest"


def api(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(
        API + path, method=method, data=None if body is None else json.dumps(body).encode()
    )
    request.add_header("Authorization", f"Bearer {(HOME / 'token').read_text().strip()}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=120) as reply:
            content = reply.read()
    except urllib.error.HTTPError as error:
        raise AssertionError(f"{method} {path}: {error.code} {error.read().decode()}") from None
    return json.loads(content) if content else {}


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@dataclass(frozen=True)
class Droplet:
    id: int
    public: str
    private: str

    def status(self) -> str:
        return api("GET", f"/droplets/{self.id}")["droplet"]["status"]

    def act(self, type: str, **arguments: Any) -> None:
        action = api("POST", f"/droplets/{self.id}/actions", {"type": type, **arguments})["action"]
        done = wait_until(lambda: ended(action["id"]), f"action {type} ends", 90)
        assert done["status"] == "completed", done

    def ssh(
        self, command: str, *, user: str = "root", port: int = 22, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        options = [
            f"-oPort={port}",
            "-oBatchMode=yes",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oConnectTimeout=3",
        ]
        return subprocess.run(
            ["ssh", "-i", HOME / "id_ed25519", "-oLogLevel=ERROR", *options, f"{user}@{self.public}", command],
            capture_output=True,
            text=True,
            timeout=120,
            check=check,
        )

    def run(self, command: str) -> str:
        done = self.ssh(command, check=False)
        assert done.returncode == 0, f"{command}: exit status {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def wait_for_ssh(self) -> None:
        wait_until(lambda: self.ssh("true", check=False).returncode == 0, f"SSH answers on {self.public}")

    def wait_for_boot(self) -> None:
        self.wait_for_ssh()
        self.run("cloud-init status --wait")

    def inspect(self) -> dict[str, Any]:
        (container,) = json.loads(docker("inspect", f"izzzi-sandbox-droplet-{self.id}"))
        return container


def ended(action_id: int) -> dict[str, Any] | None:
    action = api("GET", f"/actions/{action_id}")["action"]
    return None if action["status"] == "in-progress" else action


FETCH = "python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=5).read().decode())'"


def metadata(droplet: Droplet) -> dict[str, Any]:
    return json.loads(droplet.run(f"{FETCH} http://169.254.169.254/metadata/v1.json"))


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=120, check=True).stdout


CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=1.5).close()
except OSError:
    sys.exit(1)
"""


def stranger_reaches(address: str, port: int) -> bool:
    """Whether another machine of the internet, a container on the public network, gets a TCP connection."""
    run = ["docker", "run", "--rm", "--label", "izzzi.sandbox=1", "--network", "izzzi-sandbox-public"]
    command = [*run, "--entrypoint", "python3", STRANGER_IMAGE, "-c", CONNECT, address, str(port)]
    return subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0
