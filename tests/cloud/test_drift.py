# SPDX-License-Identifier: GPL-3.0-or-later
"""Staging and production side by side, everything declared: drift by other clients is one line each and one run mends
it; destroying one writes nothing to the other; no secret is where it does not belong."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from pydo import Client

from .conftest import Run, Sandbox, actions, declaration

NAMES = {"production": "izzzi.test", "staging": "staging.izzzi.test"}


@pytest.fixture
def keys(sandbox: Sandbox) -> tuple[str, str]:
    id, secret = (sandbox.home / "spaces_key").read_text().split()
    return id, secret


@pytest.fixture
def environments(sandbox: Sandbox, keys) -> dict[str, dict[str, Any]]:
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    made = {}
    for number, (name, domain) in enumerate(NAMES.items()):
        declared = declaration(sandbox.url, sandbox.token)
        declared.update(environment=name, vpc={"ip_range": f"10.{20 + number}.0.0/16"}, domain={"name": domain})
        declared.update(spaces_endpoint_url=f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}")
        declared.update(spaces={"assets": {"acl": "public-read"}, "backups": {}}, do_project={})
        declared.update(spaces_access_key_id=keys[0], spaces_secret_access_key=keys[1])
        declared["droplets"]["app"]["count"] = 2
        made[name] = declared
    return made


@pytest.fixture
def pydo(sandbox: Sandbox) -> Client:
    url = f"https://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_TLS_PORT']}"
    return Client(sandbox.token, endpoint=url, connection_verify=str(sandbox.home / "ca.pem"))


def s3(declared: dict[str, Any]):
    return boto3.client(
        "s3",
        endpoint_url=declared["spaces_endpoint_url"],
        aws_access_key_id=declared["spaces_access_key_id"],
        aws_secret_access_key=declared["spaces_secret_access_key"],
        region_name="us-east-1",
    )


def plant(pydo: Client, declared: dict[str, Any], droplets: list[dict[str, Any]]) -> None:
    """A firewall rule, an A record, a tag, a droplet powered off, a bucket's ACL."""
    first, second = sorted(droplets, key=lambda droplet: droplet["name"])
    (web,) = [row for row in pydo.firewalls.list()["firewalls"] if row["name"] == "shop-production-fw-web"]
    rule = {"protocol": "tcp", "ports": "8080", "sources": {"addresses": ["0.0.0.0/0"]}}
    pydo.firewalls.add_rules(web["id"], {"inbound_rules": [rule]})
    records = pydo.domains.list_records("izzzi.test", per_page=200)["domain_records"]
    (api,) = [row for row in records if (row["name"], row["data"]) == ("api", first["public_ip"])]
    pydo.domains.update_record("izzzi.test", api["id"], {"type": "A", "data": "192.0.2.66"})
    resources = [{"resource_id": str(second["id"]), "resource_type": "droplet"}]
    pydo.tags.unassign_resources("izzzi:shop:production:web", {"resources": resources})
    pydo.droplet_actions.post(first["id"], {"type": "power_off"})
    s3(declared).put_bucket_acl(Bucket="shop-production-assets", ACL="private")
    deadline = time.monotonic() + 10
    while pydo.droplets.get(first["id"])["droplet"]["status"] != "off":
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_drift_is_one_line_each_and_one_run_mends_it(sandbox: Sandbox, environments, pydo: Client, run: Run):
    made = {name: run(declared) for name, declared in environments.items()}
    assert [result.get("msg") for result in made.values()] == [None, None]
    production = environments["production"]
    plant(pydo, production, made["production"]["droplets"])

    drift = run(production, check=True)
    lines = {
        f"{s['kind']} {s['name']}": [c["field"] for c in s["changes"]] for s in drift["plan"] if s["action"] != "noop"
    }
    record = next(line for line in lines if line.startswith("record "))
    assert lines == {
        "firewall shop-production-fw-web": ["inbound"],
        record: ["data"],
        "droplet shop-production-app-2": ["tags"],
        "droplet shop-production-app": ["status"],
        "bucket shop-production-assets": ["acl"],
    }
    assert run(environments["staging"], check=True)["changed"] is False, "nothing of it is staging's"
    assert run(production)["plan"] == drift["plan"]
    calm = run(production, check=True)
    assert actions(calm) == {}

    ours = {str(row["id"]) for row in made["production"]["droplets"]} | {made["production"]["outputs"]["vpc_id"]}
    ours |= set(made["production"]["outputs"]["firewall_ids"].values())
    before = sandbox.account()
    sandbox.api("DELETE", "/_sandbox/requests")
    gone = run({**environments["staging"], "state": "absent"})
    assert gone["changed"]
    writes = sandbox.api("GET", "/_sandbox/requests?writes=true")["requests"]
    assert len(writes) >= 10
    foreign = [w for w in writes if "production" in w["path"] + w["body"] or set(w["path"].split("/")) & ours]
    assert foreign == []
    assert run(production, check=True)["changed"] is False
    for noun in ("vpcs", "firewalls", "droplets"):
        assert sandbox.all(noun) == [row for row in before[noun] if "staging" not in row["name"]]


def test_no_secret_is_where_it_does_not_belong(sandbox: Sandbox, environments, keys, run: Run):
    declared = environments["staging"]
    for arguments in (declared, declared, {**declared, "state": "absent", "delete_data": True}):
        result = json.dumps(run(arguments))
        assert "failed" not in result
        assert [secret for secret in (sandbox.token, keys[1], "the-secret-of-the-user-data") if secret in result] == []
    requests = sandbox.api("GET", "/_sandbox/requests")["requests"]
    assert [entry for entry in requests if entry["secret_in_body"]] == []
    for path in sandbox.home.rglob("*"):
        if path.is_file() and path.name in ("output", "sandbox.log"):
            assert sandbox.token not in path.read_text(errors="replace")
