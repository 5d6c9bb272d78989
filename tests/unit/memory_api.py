"""DigitalOcean's API in memory, as a transport of the client: enough of it to see what the module asks and writes."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Context, Wait
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply

from .memory_attached import NOUNS as ATTACHED
from .memory_attached import Attached

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS test@izzzi"
FINGERPRINT = "16:87:69:3f:34:e0:a5:14:2e:51:4a:aa:40:fa:f0:cb"  # as ssh-keygen -E md5 prints it
URL = "http://127.0.0.1:8780"
TOKEN = "dop_v1_secret"
SINGULAR = {"vpcs": "vpc", "tags": "tag", "firewalls": "firewall", "droplets": "droplet", "images": "image"}
SINGULAR |= {"domains": "domain", "projects": "project"}
NOT_FOUND = {"id": "not_found", "message": "Not found"}


class MemoryApi(Attached):
    """`polls`: how often droplets are listed before a new one is active."""

    def __init__(self, polls: int = 1) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {noun: [] for noun in (*SINGULAR, *ATTACHED, "account/keys")}
        self.records: dict[str, list[dict[str, Any]]] = {}  # by domain
        self.rows |= {
            "regions": [{"slug": slug, "available": True} for slug in ("fra1", "ams3")],
            "sizes": [
                {"slug": "s-1vcpu-1gb", "available": True, "regions": ["fra1", "ams3"], "price_monthly": 6.0},
                {"slug": "s-1vcpu-2gb", "available": True, "regions": ["fra1", "ams3"], "price_monthly": 12.0},
                {"slug": "s-2vcpu-4gb", "available": True, "regions": ["ams3"], "price_monthly": 24.0},
            ],
            "images": [
                {"slug": "debian-13-x64", "regions": ["fra1"]},
                {"slug": "debian-12-x64", "regions": ["fra1"]},
                {"slug": None, "regions": ["fra1"]},
            ],
        }
        self.urns: dict[str, list[str]] = {}  # what each project holds
        self.actions: dict[str, str] = {}
        self.calls: list[tuple[str, str, Any]] = []
        self.polls = polls
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    @property
    def writes(self) -> list[tuple[str, str, Any]]:
        return [call for call in self.calls if call[0] != "GET"]

    def client(self, **options: Any) -> Client:
        return Client(URL, TOKEN, self, sleep=lambda seconds: None, **options)

    def __call__(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
        with self._lock:
            parts = urlsplit(url)
            path, content = parts.path.removeprefix("/v2"), json.loads(body) if body else None
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self.calls.append((method, path, content))
            if path.startswith("/domains/"):
                answer = self._domain(method.lower(), *path.split("/")[2:], content=content)
                return Reply(404 if answer is None else 200, {}, json.dumps(answer or NOT_FOUND).encode())
            if path == "/account":
                return Reply(200, {}, json.dumps({"account": {"droplet_limit": 25}}).encode())
            noun = next(noun for noun in [*self.rows, "actions"] if path.startswith(f"/{noun}"))
            rest = path.removeprefix(f"/{noun}").strip("/")
            if path.endswith("/resources") and noun == "projects":
                return Reply(200, {}, json.dumps(self._project_resources(method, rest.split("/")[0], content)).encode())
            if noun in ATTACHED:
                answer = self.attached(noun, method, rest, content)
                return Reply(404 if answer is None else 200, {}, json.dumps(answer or NOT_FOUND).encode())
            answer = getattr(self, f"_{method.lower()}")(noun, rest, content, query)
            status = 404 if answer is None else 200
            return Reply(status, {}, json.dumps(answer or NOT_FOUND).encode())

    def _get(self, noun: str, rest: str, content: Any, query: dict[str, str]) -> dict[str, Any] | None:
        if noun == "actions":
            return {"action": {"status": self.actions[rest]}}
        if rest:
            return self._one(noun, rest)
        rows = [row for row in self.rows[noun] if query.get("tag_name") in (None, *row.get("tags", []))]
        if noun == "droplets":
            self._age()
        return {noun.rsplit("/", 1)[-1].replace("keys", "ssh_keys"): rows, "links": {}}

    def _domain(self, method: str, name: str, *rest: str, content: Any) -> dict[str, Any] | None:
        if not any(row["name"] == name for row in self.rows["domains"]):
            return None
        rows = self.records.setdefault(name, [])
        if not rest and method == "delete":
            self.rows["domains"] = [row for row in self.rows["domains"] if row["name"] != name]
            return {"domain": self.records.pop(name)}
        if method == "get":
            return {"domain_records": rows, "links": {}} if rest else {"domain": {"name": name}}
        if method == "post":
            return {"domain_record": self.record(name, **content)}
        (row,) = [row for row in rows if str(row["id"]) == rest[1]]
        if method == "put":
            row.update(content, data=undotted(content))
        else:
            rows.remove(row)
        return {"domain_record": row}

    def record(self, domain: str, **fields: Any) -> dict[str, Any]:
        row = {"id": next(self._ids), "ttl": 1800, **fields, "data": undotted(fields)}
        self.records.setdefault(domain, []).append(row)
        return row

    def _project_resources(self, method: str, id: str, content: Any) -> dict[str, Any]:
        urns = self.urns.setdefault(id, [])
        if method == "POST":
            urns += [urn for urn in content["resources"] if urn not in urns]
            return {"resources": [{"urn": urn, "status": "assigned"} for urn in content["resources"]]}
        return {"resources": [{"urn": urn, "status": "ok"} for urn in urns]}

    def _patch(self, noun: str, rest: str, content: Any, query: dict[str, str]) -> dict[str, Any] | None:
        return self._put(noun, rest, content, query)

    def _age(self) -> None:
        for droplet in self.rows["droplets"]:
            droplet["polls"] -= 1
            if droplet["polls"] <= 0 and droplet["status"] == "new":
                droplet.update(status="active", networks=networks(droplet["id"]))

    def _one(self, noun: str, key: str) -> dict[str, Any] | None:
        rows = [
            r
            for r in self.rows[noun]
            if key in (str(r.get("id")), r.get("fingerprint"), r.get("slug"), noun == "tags" and r["name"])
        ]
        return {SINGULAR.get(noun, "ssh_key"): rows[0]} if rows else None

    def _post(self, noun: str, rest: str, content: Any, query: dict[str, str]) -> dict[str, Any]:
        if rest.endswith("/resources"):
            for resource in content["resources"]:
                self._droplet(resource["resource_id"])["tags"].append(rest.removesuffix("/resources"))
            return {"done": True}
        if rest.endswith("/actions"):
            return self._act(self._droplet(rest.split("/")[0]), content)
        if noun == "droplets":
            return self._post_droplets(content)
        row = {"id": str(next(self._ids)), **content}
        if noun == "domains":
            self.record(content["name"], type="NS", name="@", data="ns1.digitalocean.com.")
        if noun == "vpcs":
            row["default"] = False
        if noun == "account/keys":
            row["fingerprint"] = FINGERPRINT
        self.rows[noun].append(row)
        return {SINGULAR.get(noun, "ssh_key"): row}

    def _act(self, row: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        """Done at once, but for the power, which DigitalOcean requires to be right."""
        verb, _, feature = content["type"].partition("_")
        match content["type"]:
            case "shutdown" | "power_off":
                row["status"] = "off"
            case "power_on":
                row["status"] = "active"
            case "resize":
                assert row["status"] == "off"
                row.update(size_slug=content["size"], size={"price_monthly": self._price(content["size"])})
            case _:
                row["features"] = [name for name in row["features"] if name != feature]
                row["features"] += [feature] if verb == "enable" else []
        action = str(next(self._ids))
        self.actions[action] = "completed"
        return {"action": {"id": action}}

    def _price(self, size: str) -> float:
        return next(row["price_monthly"] for row in self.rows["sizes"] if row["slug"] == size)

    def _post_droplets(self, content: dict[str, Any]) -> dict[str, Any]:
        made = [droplet(next(self._ids), name, content, self.polls) for name in content["names"]]
        for row in made:
            row["size"]["price_monthly"] = self._price(content["size"])
        self.rows["droplets"] += made
        for row in made:
            self.actions[str(row["id"] + 1000)] = "in-progress"
        return {"droplets": made, "links": {"actions": [{"id": row["id"] + 1000} for row in made]}}

    def _put(self, noun: str, rest: str, content: Any, query: dict[str, str]) -> dict[str, Any] | None:
        found = self._one(noun, rest)
        if found:
            found[SINGULAR[noun]].update(content)
        return found

    def _delete(self, noun: str, rest: str, content: Any, query: dict[str, str]) -> dict[str, Any] | None:
        if rest.endswith("/resources"):
            for resource in content["resources"]:
                self._droplet(resource["resource_id"])["tags"].remove(rest.removesuffix("/resources"))
            return {"done": True}
        found = self._one(noun, rest)
        if found:
            self.rows[noun].remove(found[SINGULAR[noun]])
        return found

    def _droplet(self, id: str) -> dict[str, Any]:
        return next(row for row in self.rows["droplets"] if str(row["id"]) == id)


def undotted(record: dict[str, Any]) -> str:
    """Host names come without the dot that they are sent with."""
    hosts = record["type"] in ("CNAME", "MX", "NS", "SRV", "CAA")
    assert not hosts or record["data"].endswith("."), "Data needs to end with a dot (.)"
    return record["data"].removesuffix(".") if hosts else record["data"]


def networks(id: int) -> dict[str, Any]:
    """Private first: the API promises no order."""
    private = {"type": "private", "ip_address": f"10.66.0.{id}"}
    return {"v4": [private, {"type": "public", "ip_address": f"203.0.113.{id}"}]}


def droplet(id: int, name: str, content: dict[str, Any], polls: int = 1) -> dict[str, Any]:
    return {
        "id": id,
        "name": name,
        "status": "new",
        "networks": {"v4": []},
        "size_slug": content["size"],
        "size": {"price_monthly": 6.0},
        "image": {"slug": content["image"]},
        "region": {"slug": content["region"]},
        "tags": list(content["tags"]),
        "features": [name for name in ("backups", "monitoring", "ipv6") if content.get(name)],
        "created_at": "2026-01-05T10:00:00Z",
        "vpc_uuid": content["vpc_uuid"],
        "polls": polls,
    }


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
    """The droplet of APP as the API shows it."""
    made = droplet(7, "shop-staging-app", {**APP, "region": "fra1", "vpc_uuid": "v1"})
    ours = ["izzzi:shop:staging", "izzzi:shop:staging:web"]
    return {**made, "status": "active", "networks": networks(7), "tags": ours, **changes}


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
        "alert_slack_url": "",
        "spaces": {},
        "spaces_region": "",
        "spaces_endpoint_url": "",
        "spaces_access_key_id": "",
        "spaces_secret_access_key": "",
        "delete_data": False,
        "user_data": "#cloud-config\n",
        "ssh_user": "deploy",
        "allow_open_ssh": False,
        "allow_resize": False,
        "allow_replace": [],
        "replace": [],
        "prune": False,
        "protect": False,
        "state": "present",
        "timeout": 30,
        "wait_timeout": 300,
        **changes,
    }


def context(api: MemoryApi | None = None, **changes: Any) -> Context:
    """What a noun gets in a run: a declaration without problems, and no waiting."""
    declared, found = complete(declaration(**changes), RESOURCES)
    assert found == []
    wait = Wait(declared["wait_timeout"], sleep=lambda seconds: None)
    made = Context(declared, Names("shop", "staging"), (api or MemoryApi()).client(), wait)
    made.resources.extend(kind(made) for kind in RESOURCES)
    return made
