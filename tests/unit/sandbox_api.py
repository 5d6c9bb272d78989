# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's account in this process, as a transport of the client: what tests over HTTP get, without sockets and
threads."""

from __future__ import annotations

import asyncio
import functools
import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Context, Wait
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply
from fastapi import FastAPI
from izzzi_sandbox.account.cloud import Cloud
from izzzi_sandbox.account.records import Vpc
from izzzi_sandbox.api.app import create_app
from izzzi_sandbox.api.requestlog import RequestLog
from izzzi_sandbox.daemon.settings import Settings
from izzzi_sandbox.droplets.memory import MemoryBackend

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS test@izzzi"
FINGERPRINT = "16:87:69:3f:34:e0:a5:14:2e:51:4a:aa:40:fa:f0:cb"  # as ssh-keygen -E md5 prints it
URL = "http://127.0.0.1:8780"
TOKEN = "dop_v1_secret"
OWNER = "izzzi:shop:staging"
RUNNER = asyncio.Runner()  # of one request at a time; keeps the thread in which routes run


class Time:
    """Moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


class Volatile(Settings):
    database = Path(":memory:")


@functools.cache
def application() -> FastAPI:
    settings = Volatile(Path())
    return create_app(Cloud(settings, MemoryBackend(settings)), TOKEN, RequestLog([TOKEN]))


class SandboxApi:
    """`held`: how many times droplets are listed before what was begun in the background is done."""

    def __init__(self, held: int = 0) -> None:
        settings = Volatile(Path(), backend="memory")
        self.jobs: list[tuple[Callable[[int], None], int]] = []
        self.cloud = Cloud(settings, MemoryBackend(settings), lambda *job: self.jobs.append(job))
        self.cloud.state.put(Vpc("default", "default-fra1", "", "fra1", "10.100.0.0/20", default=True))
        self.calls: list[tuple[str, str, Any]] = []
        self.held = held
        self._lock = threading.Lock()

    @property
    def writes(self) -> list[tuple[str, str, Any]]:
        return [call for call in self.calls if call[0] != "GET"]

    def client(self, **options: Any) -> Client:
        return Client(URL, TOKEN, self, sleep=lambda seconds: None, **options)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
        path = urlsplit(url).path.removeprefix("/v2")
        with self._lock:
            self.calls.append((method, path, json.loads(body) if body else None))
            if (method, path) == ("GET", "/droplets") and self.held:
                self.held -= 1
                self._work()
            reply = self.answer(method, path, url, body)
            self._work()
            return reply

    def answer(self, method: str, path: str, url: str, body: bytes | None) -> Reply:
        """For faults that the sandbox has not, a test puts its own in this place."""
        return RUNNER.run(self._answer(method, url, body or b""))

    async def _answer(self, method: str, url: str, body: bytes) -> Reply:
        parts, sent, app = urlsplit(url), [], application()
        app.state.cloud = self.cloud
        headers = [(b"authorization", f"Bearer {TOKEN}".encode()), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": method, "path": parts.path, "query_string": parts.query.encode()}
        messages = iter([{"type": "http.request", "body": body}])

        async def receive() -> dict[str, Any]:
            return next(messages, None) or await asyncio.Future()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await app({**scope, "headers": headers, "client": ("127.0.0.1", 1)}, receive, send)
        return Reply(sent[0]["status"], {}, b"".join(message.get("body", b"") for message in sent))

    def _work(self) -> None:
        while self.jobs and not self.held:
            work, id = self.jobs.pop(0)
            work(id)
        if not self.held:
            self.cloud.enforcer.look()
            self.cloud.balancers.look()

    # -- what a test does to the account, beside the calls that it counts

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        reply = RUNNER.run(self._answer(method, f"{URL}/v2{path}", json.dumps(body).encode() if body else b""))
        assert reply.status < 300, reply.body
        self._work()
        return json.loads(reply.body) if reply.body else {}

    def rows(self, listing: str) -> list[dict[str, Any]]:
        """Return all rows of a listing as the API shows them."""
        reply = self.ask("GET", f"/{listing}?per_page=200")
        return next(rows for name, rows in reply.items() if name not in ("links", "meta"))

    def make(self, listing: str, **body: Any) -> dict[str, Any]:
        return next(iter(self.ask("POST", f"/{listing}", **body).values()))

    def change(self, kind: type, id: Any = None, **fields: Any) -> None:
        """Set fields of a record, by default the only one of its kind, to what the API would not let anybody set."""
        state = self.cloud.state
        record = state.get(kind, id) if id else state.all(kind)[0]
        for name, value in fields.items():
            assert hasattr(record, name)
            setattr(record, name, value)
        state.put(record)

    def vpc(self) -> str:
        """Return the id of the environment's VPC, which is made when it is missing."""
        name = "shop-staging-vpc"
        found = [row for row in self.rows("vpcs") if row["name"] == name]
        return (found or [self.make("vpcs", name=name, region="fra1", ip_range="10.66.0.0/16")])[0]["id"]

    def droplet(self, name: str = "shop-staging-app", *tags: str, **fields: Any) -> dict[str, Any]:
        """Make a droplet, by default the one of APP, and return its row."""
        body = {"region": "fra1", "size": APP["size"], "image": APP["image"], "vpc_uuid": self.vpc(), **fields}
        made = self.ask("POST", "/droplets", names=[name], tags=list(tags or (OWNER, f"{OWNER}:web")), **body)
        return self.ask("GET", f"/droplets/{made['droplets'][0]['id']}")["droplet"]


APP = {
    "count": 1,
    "size": "s-1vcpu-1gb",
    "image": "debian-13-x64",
    "groups": ["web"],
    "tags": [],
    "monitoring": False,
    "backups": False,
    "ipv6": False,
}


def row(**changes: Any) -> dict[str, Any]:
    """The droplet of APP as the API shows it, for functions that only compare. Private addresses come first: the API
    promises no order."""
    private = {"type": "private", "ip_address": "10.66.0.7"}
    return {
        "id": 7,
        "name": "shop-staging-app",
        "status": "active",
        "networks": {"v4": [private, {"type": "public", "ip_address": "203.0.113.7"}]},
        "size_slug": APP["size"],
        "size": {"price_monthly": 6.0},
        "image": {"slug": APP["image"]},
        "region": {"slug": "fra1"},
        "tags": [OWNER, f"{OWNER}:web"],
        "features": [],
        "created_at": "2026-01-05T10:00:00Z",
        "vpc_uuid": "v1",
        **changes,
    }


def declaration(**changes: Any) -> dict[str, Any]:
    """A whole environment, as the module gets it."""
    return {
        "project": "shop",
        "environment": "staging",
        "region": "fra1",
        "vpc": {"ip_range": "10.66.0.0/16", "description": "", "allow_swarm_overlap": False},
        "ssh_keys": [{"name": "deploy", "public_key": KEY}],
        "firewalls": {
            "web": {"inbound": [{"protocol": "tcp", "ports": "443", "sources": {"addresses": ["0.0.0.0/0"]}}]}
        },
        "droplets": {"app": {"size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"]}},
        "domain": None,
        "do_project": None,
        "ca_path": None,
        "reserved_ip": None,
        "load_balancer": None,
        "volumes": {},
        "alerts": {},
        "alert_emails": [],
        "alert_slack_url": "",
        "uptime_checks": {},
        "spaces": {},
        "spaces_region": "",
        "spaces_endpoint_url": "",
        "spaces_access_key_id": "",
        "spaces_secret_access_key": "",
        "spaces_keys": {},
        "spaces_keys_held": {},
        "vault_file": "",
        "delete_data": False,
        "user_data": "#cloud-config\n",
        "ssh_user": "deploy",
        "allow_open_ssh": False,
        "allow_resize": False,
        "allow_replace": [],
        "replace": [],
        "prune": False,
        "target": [],
        "protect": False,
        "state": "present",
        "timeout": 30,
        "wait_timeout": 300,
        **changes,
    }


def nobody(*request: Any) -> Reply:
    raise AssertionError(f"nobody is to be asked: {request}")


def context(api: SandboxApi | None = None, **changes: Any) -> Context:
    """What a noun gets in a run: a declaration without problems, and no waiting."""
    declared, found = complete(declaration(**changes), RESOURCES)
    assert found == []
    time = Time()
    wait = Wait(declared["wait_timeout"], time.sleep, time.clock)
    made = Context(declared, Names("shop", "staging"), api.client() if api else Client(URL, TOKEN, nobody), wait)
    made.resources.extend(kind(made) for kind in RESOURCES)
    return made
