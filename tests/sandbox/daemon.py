# SPDX-License-Identifier: GPL-3.0-or-later
"""A sandbox of its own for tests: memory backend, own home, free ports, real HTTP and TLS."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PORTS = ("HTTP", "TLS", "SPACES", "DNS")


def free_ports(count: int) -> list[int]:
    """Distinct, because they are held at the same time."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for bound in sockets:
            bound.bind(("127.0.0.1", 0))
        return [bound.getsockname()[1] for bound in sockets]


@dataclass(frozen=True)
class Reply:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Daemon:
    home: Path
    environment: dict[str, str]
    process: subprocess.Popen | None = None

    @classmethod
    def prepare(cls, home: Path, **settings: str) -> Daemon:
        ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        environment = {f"IZZZI_SANDBOX_{name}_PORT": port for name, port in ports.items()}
        environment |= {"IZZZI_SANDBOX_HOME": str(home), "IZZZI_SANDBOX_BACKEND": "memory"}
        environment |= {f"IZZZI_SANDBOX_{name}": value for name, value in settings.items()}
        return cls(home, {**os.environ, **environment})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['IZZZI_SANDBOX_HTTP_PORT']}"

    @property
    def tls_url(self) -> str:
        return f"https://127.0.0.1:{self.environment['IZZZI_SANDBOX_TLS_PORT']}"

    @property
    def spaces_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['IZZZI_SANDBOX_SPACES_PORT']}"

    @property
    def dns_port(self) -> int:
        return int(self.environment["IZZZI_SANDBOX_DNS_PORT"])

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    def start(self) -> None:
        self.home.mkdir(exist_ok=True)
        with (self.home / "test.log").open("ab") as log:
            command = [sys.executable, "-m", "izzzi_sandbox.daemon.server"]
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.home / "test.log").read_text()
            try:
                return self.call("GET", "/_sandbox/health").status
            except OSError:
                time.sleep(0.05)
        raise AssertionError("the daemon does not answer")

    def wait_for_droplet(self, id: int, status: str) -> dict[str, Any]:
        """Until it has the status and nothing is done to it any more."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            seen = self.call("GET", f"/v2/droplets/{id}").body["droplet"]
            if seen["status"] == status and not seen["locked"]:
                return seen
            time.sleep(0.02)
        raise AssertionError(f"{seen['status']} instead of {status}")

    def stop(self) -> None:
        self.process.terminate()
        assert self.process.wait(timeout=20) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(timeout=20)

    def cli(self, *arguments: str, timeout: int = 60) -> subprocess.CompletedProcess[str]:
        """The command as a user types it."""
        command = [Path(sys.executable).with_name("izzzi-sandbox"), *arguments]
        return subprocess.run(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def call(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> Reply:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=content)
        request.add_header("Content-Type", "application/json")
        if path != "/_sandbox/health":
            request.add_header("Authorization", f"Bearer {self.token if token is None else token}")
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return Reply(reply.status, _decoded(reply.read()), dict(reply.headers))
        except urllib.error.HTTPError as error:
            return Reply(error.code, _decoded(error.read()), dict(error.headers))


def _decoded(content: bytes) -> Any:
    return json.loads(content) if content else None


@contextmanager
def running(home: Path, **settings: str) -> Iterator[Daemon]:
    daemon = Daemon.prepare(home, **settings)
    daemon.start()
    try:
        yield daemon
    finally:
        if daemon.process and daemon.process.poll() is None:
            daemon.stop()
