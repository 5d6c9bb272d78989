# SPDX-License-Identifier: GPL-3.0-or-later
"""An account in which the guide's Terraform was applied: its names, tags and attachments, made here by the API."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from .conftest import KEY, Run, Sandbox, actions
from .gateway import gateway

EVERYONE = ["0.0.0.0/0", "::/0"]
VPC_RANGE = "10.0.0.0/16"
TAGS = ["project:izzzi", "managedby:terraform", "environment:production"]
FIREWALLS = {
    "web": (["firewall:web", "type:public"], [("80", EVERYONE), ("443", EVERYONE)]),
    "internal": (["firewall:internal", "type:private"], [(p, [VPC_RANGE]) for p in ("5432", "6379", "3000", "4000")]),
    "management": (["firewall:management", "type:admin"], [("22", ["203.0.113.7/32"])]),
}
OWNER = "izzzi:izzzi:production"


def rules(given: list[tuple[str, list[str]]]) -> list[dict[str, Any]]:
    return [{"protocol": "tcp", "ports": ports, "sources": {"addresses": addresses}} for ports, addresses in given]


def outbound(addresses: list[str]) -> list[dict[str, Any]]:
    destinations = {"destinations": {"addresses": addresses}}
    ported = [{"protocol": protocol, "ports": "1-65535", **destinations} for protocol in ("tcp", "udp")]
    return [*ported, {"protocol": "icmp", **destinations}]


@pytest.fixture
def terraformed(sandbox: Sandbox) -> dict[str, Any]:
    """What `terraform apply` left, and the declaration that describes it."""
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    text = "VPC for izzzi production environment"
    vpc = {"name": "izzzi-production-vpc", "region": "fra1", "ip_range": VPC_RANGE, "description": text}
    vpc = sandbox.api("POST", "/v2/vpcs", vpc)["vpc"]
    key = sandbox.api("POST", "/v2/account/keys", {"name": "izzzi-deploy-key", "public_key": KEY})["ssh_key"]
    droplet = {"name": "izzzi-production-app", "region": "fra1", "size": "s-2vcpu-4gb", "image": "debian-13-x64"}
    more = {"vpc_uuid": vpc["id"], "ssh_keys": [key["id"]], "tags": [*TAGS, "component:application"]}
    droplet = sandbox.api("POST", "/v2/droplets", {**droplet, **more, "monitoring": True})["droplet"]
    for name, (tags, inbound) in FIREWALLS.items():
        for tag in [*TAGS, *tags]:
            sandbox.api("POST", "/v2/tags", {"name": tag})
        body = {
            "name": f"izzzi-production-fw-{name}",
            "inbound_rules": rules(inbound),
            "outbound_rules": outbound([VPC_RANGE] if name == "internal" else EVERYONE),
            "droplet_ids": [droplet["id"]],
            "tags": [*TAGS, *tags],
        }
        sandbox.api("POST", "/v2/firewalls", body)
    return {
        "api_url": sandbox.url,
        "api_token": sandbox.token,
        "project": "izzzi",
        "environment": "production",
        "region": "fra1",
        "vpc": {"ip_range": VPC_RANGE},
        "ssh_keys": [{"name": "izzzi-deploy-key", "public_key": KEY}],
        "droplets": {"app": {"size": "s-2vcpu-4gb", "image": "debian-13-x64", "groups": ["web"], "monitoring": True}},
        "firewalls": {
            name: {
                "inbound": rules(inbound),
                "outbound": outbound([VPC_RANGE] if name == "internal" else EVERYONE),
            }
            for name, (_tags, inbound) in FIREWALLS.items()
        },
    }


def test_the_first_plan_adds_our_tags_and_mends_the_attachment_and_no_more(sandbox: Sandbox, terraformed, run: Run):
    before = sandbox.account()
    predicted = run(terraformed, check=True)
    assert "failed" not in predicted, predicted
    assert sandbox.account() == before
    work = {f"{s['kind']} {s['name']}": s for s in predicted["plan"] if s["action"] != "noop"}
    assert {key: step["action"] for key, step in work.items()} == {
        f"tag {OWNER}": "create",
        f"tag {OWNER}:web": "create",
        "droplet izzzi-production-app": "update",
        **{f"firewall izzzi-production-fw-{name}": "update" for name in FIREWALLS},
    }
    fields = {key: [c["field"] for c in step["changes"]] for key, step in work.items() if step["action"] == "update"}
    assert fields.pop("droplet izzzi-production-app") == ["tags"]
    assert set(map(tuple, fields.values())) == {("tags", "droplet_ids")}

    done = run(terraformed)
    assert done["plan"] == predicted["plan"]
    (droplet,) = sandbox.all("droplets")
    assert droplet["id"] == before["droplets"][0]["id"]
    assert {*TAGS, "component:application", OWNER, f"{OWNER}:web"} == set(droplet["tags"])
    assert {(tuple(row["tags"]), tuple(row["droplet_ids"])) for row in sandbox.all("firewalls")} == {((OWNER,), ())}
    assert not run(terraformed)["changed"]


def test_the_droplet_is_never_without_its_firewalls(sandbox: Sandbox, terraformed, run: Run):
    with gateway(sandbox.url) as server:
        assert "failed" not in run({**terraformed, "api_url": server.url})
    written = [path for method, path, _ in server.asked if method != "GET"]
    tagged = max(index for index, path in enumerate(written) if path.endswith("/resources"))
    detached = min(index for index, path in enumerate(written) if "/firewalls/" in path)
    assert tagged < detached


def test_it_can_be_destroyed_without_being_adopted_first(sandbox: Sandbox, terraformed, run: Run):
    assert run({**terraformed, "state": "absent"})["changed"]
    left = sandbox.account()
    assert (left["droplets"], left["firewalls"]) == ([], [])
    assert [vpc["name"] for vpc in left["vpcs"]] == ["default-fra1"]
    assert {*TAGS} <= {tag["name"] for tag in left["tags"]}, "not ours"


def test_staging_beside_it_is_not_touched_by_its_tags(sandbox: Sandbox, terraformed, run: Run):
    staging = copy.deepcopy(terraformed)
    staging.update(environment="staging", vpc={"ip_range": "10.30.0.0/16"})
    for name in ("web", "management"):
        staging["firewalls"][name].pop("outbound")
    staging["firewalls"].pop("internal")
    before = sandbox.account()
    assert set(actions(run(staging)).values()) == {"create"}
    after = sandbox.account()
    for noun, rows in before.items():
        if noun != "tags":
            assert [row for row in after[noun] if row in rows] == rows
