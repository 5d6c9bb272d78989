# SPDX-License-Identifier: GPL-3.0-or-later
"""Replies against DigitalOcean's official contract, when it is at hand (it is not part of this repository)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator, ValidationError

from .conftest import PUBLIC_KEY
from .test_attachments import RULE

PLACE = Path(os.environ.get("IZZZI_OPENAPI") or "/work/shared/data/digitalocean-openapi.json")
BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": ["web"]}
# Where the contract itself is wrong; the service answers like this.
SLIPS = (
    ("gateway", "None is not of type 'string'"),  # a private network has no gateway
    ("ports", "is a required property"),  # icmp has none
    ("flags", "is a required property"),
    ("tag", "is a required property"),
    ("region", "is not one of"),  # newer regions
)


@pytest.fixture(scope="module")
def contract() -> dict[str, Any]:
    if not PLACE.is_file():
        pytest.skip("IZZZI_OPENAPI does not name DigitalOcean's OpenAPI document")
    return _nullable(json.loads(PLACE.read_text()))


def _nullable(node: Any) -> Any:
    """OpenAPI 3.0 says nullable where JSON schema has a type null."""
    if isinstance(node, dict):
        node = {key: _nullable(value) for key, value in node.items()}
        if node.get("nullable") and isinstance(node.get("type"), str):
            node["type"] = [node["type"], "null"]
        return node
    return [_nullable(value) for value in node] if isinstance(node, list) else node


def problems(contract: dict[str, Any], method: str, path: str, status: int, body: Any) -> list[str]:
    reply = contract["paths"][path][method]["responses"][str(status)]
    while "$ref" in reply:
        reply = _at(contract, reply["$ref"])
    schema = reply["content"]["application/json"]["schema"]
    found = Draft4Validator({**schema, "components": contract["components"]}).iter_errors(body)
    return [text for error in found for text in _leaves(error)]


def _leaves(error: ValidationError) -> list[str]:
    """What is wrong; of several forms that a reply may have, in the one that it is closest to."""
    if error.context:
        branches: dict[Any, list[str]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).extend(_leaves(inner))
        return min(branches.values(), key=len)
    text = f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"
    return [] if any(field in text and message in text for field, message in SLIPS) else [text]


def _at(contract: dict[str, Any], reference: str) -> Any:
    node: Any = contract
    for part in reference.removeprefix("#/").split("/"):
        node = node[part.replace("~1", "/")]
    return node


def test_replies_follow_the_contract(contract, daemon):
    def ask(method: str, template: str, body: Any = None, /, **names: Any) -> Any:
        reply = daemon.call(method, template.format(**names), body)
        assert reply.status < 300, (template, reply.body)
        if reply.body is not None:
            bad = problems(contract, method.lower(), template, reply.status, reply.body)
            assert not bad, f"{method} {template}: {bad}"
        return reply.body

    ask("POST", "/v2/account/keys", {"name": "k", "public_key": PUBLIC_KEY})
    vpc = ask("POST", "/v2/vpcs", {"name": "net", "region": "fra1", "ip_range": "10.31.0.0/24"})["vpc"]["id"]
    ask("POST", "/v2/tags", {"name": "web"})
    droplet = ask("POST", "/v2/droplets", {**BODY, "ipv6": True, "backups": True})["droplet"]["id"]
    ask("POST", "/v2/domains", {"name": "shop.example", "ip_address": "198.51.100.20"})
    domain = {"domain_name": "shop.example"}
    record = {"type": "MX", "name": "@", "data": "mail.example.net.", "priority": 1}
    ask("POST", "/v2/domains/{domain_name}/records", record, **domain)
    rule = {"protocol": "icmp", "sources": {"addresses": ["0.0.0.0/0"]}}
    ask("POST", "/v2/firewalls", {"name": "fw", "inbound_rules": [rule], "tags": ["web"]})
    ask("POST", "/v2/reserved_ips", {"region": "fra1"})
    volume = ask("POST", "/v2/volumes", {"name": "data", "region": "fra1", "size_gigabytes": 1})["volume"]["id"]
    ask("POST", "/v2/volumes/{volume_id}/snapshots", {"name": "s"}, volume_id=volume)
    ask("POST", "/v2/load_balancers", {"name": "lb", "region": "fra1", "forwarding_rules": [RULE], "tag": "web"})
    ask("POST", "/v2/spaces/keys", {"name": "k", "grants": [{"bucket": "", "permission": "fullaccess"}]})
    watch = {"name": "w", "type": "https", "target": "https://shop.example", "regions": ["us_east"], "enabled": True}
    check = ask("POST", "/v2/uptime/checks", watch)["check"]["id"]
    slack = [{"channel": "#ops", "url": "https://hooks.slack.example/1"}]
    down = {"name": "d", "type": "down", "notifications": {"email": ["ops@shop.example"], "slack": slack}}
    ask("POST", "/v2/uptime/checks/{check_id}/alerts", {**down, "period": "2m"}, check_id=check)
    project = ask("POST", "/v2/projects", {"name": "shop", "purpose": "Web Application"})["project"]["id"]
    urn = {"resources": [f"do:droplet:{droplet}"]}
    ask("POST", "/v2/projects/{project_id}/resources", urn, project_id=project)
    for path in (
        "/v2/account",
        "/v2/account/keys",
        "/v2/actions",
        "/v2/domains",
        "/v2/domains/{domain_name}",
        "/v2/domains/{domain_name}/records",
        "/v2/droplets",
        "/v2/droplets/{droplet_id}",
        "/v2/droplets/{droplet_id}/actions",
        "/v2/droplets/{droplet_id}/firewalls",
        "/v2/firewalls",
        "/v2/images",
        "/v2/load_balancers",
        "/v2/monitoring/alerts",
        "/v2/projects",
        "/v2/projects/{project_id}/resources",
        "/v2/regions",
        "/v2/reserved_ips",
        "/v2/sizes",
        "/v2/snapshots",
        "/v2/spaces/keys",
        "/v2/tags",
        "/v2/uptime/checks",
        "/v2/uptime/checks/{check_id}",
        "/v2/uptime/checks/{check_id}/alerts",
        "/v2/volumes",
        "/v2/vpcs",
        "/v2/vpcs/{vpc_id}/members",
    ):
        ask("GET", path, droplet_id=droplet, vpc_id=vpc, project_id=project, check_id=check, **domain)
