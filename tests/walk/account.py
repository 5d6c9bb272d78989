# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's account in this process. What it has begun goes on only while a client waits, so that a walk is the
same each time; and it can refuse, lose its reply, or see its client killed at any request."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply, Unreachable
from izzzi_sandbox.account.cloud import Cloud
from izzzi_sandbox.api.app import create_app
from izzzi_sandbox.api.requestlog import RequestLog
from izzzi_sandbox.daemon.settings import Settings
from izzzi_sandbox.droplets.memory import MemoryBackend

TOKEN = "dop_v1_walk"
URL = "http://127.0.0.1"


class Killed(BaseException):
    """The run's process is no more."""


class PatientCloud(Cloud):
    """Does what it has begun when it is told to, and not in threads."""

    def __init__(self, settings: Settings) -> None:
        self._begun: list[tuple[Any, int]] = []
        super().__init__(settings, MemoryBackend(settings))

    def _begin(self, work: Any, id: int) -> None:
        self._begun.append((work, id))

    def go_on(self) -> None:
        while self._begun:
            work, id = self._begun.pop(0)
            work(id)
        self.enforcer.look()
        self.balancers.look()


@dataclass
class Fault:
    """What happens to the write of this number, counted from 0. `after`: the work is done, and nobody hears of it."""

    at: int
    kind: str  # an HTTP status, `reset` or `kill`
    after: bool = False


class Account:
    """An account, empty at first."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory(prefix="walk-", dir="/dev/shm" if Path("/dev/shm").is_dir() else None)
        self.cloud = PatientCloud(Settings(Path(self._home.name), "memory"))
        self._app = create_app(self.cloud, TOKEN, RequestLog([TOKEN]))
        self._loop = asyncio.new_event_loop()
        self.fault: Fault | None = None
        self.writes: list[tuple[str, str, Any]] = []  # of runs, since the last `forget`
        self.reads = 0
        self.in_between: Callable[[], None] | None = None  # before a run has its lock
        self.stumbles: dict[int, str] = {}  # the read of this number is answered so, once
        self.is_dead = False  # the run that was killed asks for nothing more
        self.now = 1_800_000_000.0

    def close(self) -> None:
        self._loop.close()
        self.cloud.state.close()
        self._home.cleanup()

    # -- for runs

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
        """A client's transport."""
        if self.is_dead:
            raise Killed
        if method == "GET":
            self.reads += 1
            if status := self.stumbles.pop(self.reads, ""):
                return self._misbehave(Fault(0, status))
            return self._ask(method, url, headers, body)
        if self.in_between and urlsplit(url).path == "/v2/projects":
            other, self.in_between = self.in_between, None
            other()
        fault = self.fault if self.fault and self.fault.at == len(self.writes) else None
        self.writes.append((method, urlsplit(url).path, json.loads(body) if body else None))
        if fault is None:
            return self._ask(method, url, headers, body)
        if fault.after:
            self._ask(method, url, headers, body)
        return self._misbehave(fault)

    def _misbehave(self, fault: Fault) -> Reply:
        if fault.kind == "kill":
            self.is_dead = True
            raise Killed
        if fault.kind == "reset":
            raise Unreachable("connection reset", sent=True)
        return Reply(int(fault.kind), {}, json.dumps({"id": "fault", "message": "a fault of the walk"}).encode())

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.cloud.go_on()

    def clock(self) -> float:
        return self.now

    def forget(self) -> None:
        self.fault, self.writes, self.reads, self.is_dead = None, [], 0, False

    # -- for people

    def api(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """By hand, until what it begins is done."""
        content = None if body is None else json.dumps(body).encode()
        reply = self._ask(method, f"{URL}/v2{path}", {"Authorization": f"Bearer {TOKEN}"}, content)
        assert reply.status < 300, f"{method} {path} answered {reply.status}: {reply.body.decode()}"
        self.cloud.go_on()
        return json.loads(reply.body) if reply.body else {}

    def all(self, path: str) -> list[dict[str, Any]]:
        key = path.rsplit("/", 1)[-1].replace("keys", "ssh_keys")
        key = {"records": "domain_records"}.get(key, "policies" if path == "/monitoring/alerts" else key)
        return self.api("GET", f"{path}?per_page=200")[key]

    def _ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Reply:
        parts = urlsplit(url)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(parts.path),
            "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(),
            "headers": [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"authorization", headers["Authorization"].encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body or b"", "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        self._loop.run_until_complete(self._app(scope, receive, send))
        given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        return Reply(sent[0]["status"], given, b"".join(message.get("body", b"") for message in sent[1:]))
