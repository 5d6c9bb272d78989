# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole accounts in memory: what the module environment made of a declaration is read back as that declaration."""

from __future__ import annotations

import functools
import json
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud import transport
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adopt import Asked, adopt
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems
from ansible_collections.izzzi.infra.plugins.modules import environment
from izzzi_sandbox.account.records import Droplet

from tests.unit.sandbox_api import KEY, OWNER, TOKEN, URL, SandboxApi, declaration

OPTIONS = {"api_url": URL, "api_token": TOKEN, "project": "shop", "environment": "staging", "ca_path": None}
EVERYONE = ["0.0.0.0/0", "::/0"]
SSH = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["203.0.113.7/32"]}}
OUT = [{"protocol": "udp", "ports": "53", "destinations": {"addresses": EVERYONE}}]


@pytest.fixture
def api(monkeypatch) -> SandboxApi:
    api = SandboxApi()
    monkeypatch.setattr(transport, "https", lambda ca_path: api)
    monkeypatch.setattr(environment, "Environment", functools.partial(Environment, sleep=lambda seconds: None))
    for name in ("SPACES_ACCESS_KEY_ID", "SPACES_SECRET_ACCESS_KEY", "SPACES_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    return api


def look(api: SandboxApi, **asked: str) -> Adoption:
    api.calls.clear()
    found = adopt(api.client(), Asked(OPTIONS, **{"public_key": KEY, **asked}))
    assert api.writes == []
    return found


def whole(**changes: Any) -> dict[str, Any]:
    """An environment that has some of every kind, in forms that are not those by default."""
    members = {"protocol": "tcp", "ports": "all", "sources": {"members": True, "groups": ["web"]}}
    return {
        **declaration(),
        **OPTIONS,
        "droplets": {
            "web": {"count": 3, "size": "s-1vcpu-1gb", "image": "debian-13-x64", "groups": ["web"], "tags": ["team:a"]},
            "db": {"size": "s-2vcpu-4gb", "image": "ubuntu-24-04-x64", "groups": ["data"], "monitoring": True},
        },
        "firewalls": {
            "web": {"inbound": [{"protocol": "icmp", "sources": {"addresses": EVERYONE}}, members]},
            "office": {"inbound": [SSH], "outbound": OUT},
        },
        "reserved_ip": {"droplets": "db"},
        "load_balancer": {"group": "web", "size_unit": 2, "health_check": {"protocol": "http", "path": "/up"}},
        "volumes": {
            "data": {"droplets": "db", "size": 30, "filesystem": "xfs"},
            "files": {"droplets": "web", "size": 5},
        },
        "alerts": {"cpu": {"type": "cpu", "value": 90, "window": "1h", "group": "data", "emails": ["ops@shop.test"]}},
        "uptime_checks": {
            "site": {
                "target": "https://shop.test",
                "regions": ["eu_west"],
                "emails": ["ops@shop.test"],
                "alerts": {"slow": {"type": "latency", "threshold": 900}, "gone": {"type": "down", "period": "2m"}},
            }
        },
        "do_project": {"name": "shops"},
        "domain": {
            "name": "shop.test",
            "ttl": 900,
            "hosts": ["@", "www"],
            "records": [
                {"type": "A", "name": "db", "target": "reserved_ip"},
                {"type": "MX", "data": "mail.shop.test", "priority": 10},
                {"type": "SRV", "name": "_sip._tcp", "data": "sip.shop.test", "priority": 1, "port": 5060, "weight": 2},
            ],
        },
        **changes,
    }


def test_what_a_run_has_made_is_read_back_and_its_plan_is_empty(api, run_module):
    wanted = whole()
    made = run_module(environment.main, wanted)
    assert "failed" not in made, made
    found = look(api)
    assert found.todo == [
        "the buckets of Spaces were not looked for, since SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY are not "
        "set: none is declared, and none is touched. With them, write the inventory anew"
    ]
    assert "Nothing to do" in found.first_plan
    assert found.declared["droplets"] == {name: {"count": 1, **row} for name, row in wanted["droplets"].items()}
    assert found.declared["volumes"] == wanted["volumes"]
    assert found.declared["reserved_ip"] == wanted["reserved_ip"]
    assert found.declared["load_balancer"] == wanted["load_balancer"]
    assert found.declared["alerts"] == wanted["alerts"]
    assert found.declared["firewalls"]["office"] == wanted["firewalls"]["office"]
    assert found.declared["do_project"] == {"name": "shops"}
    assert found.served == ["shop.test", "www.shop.test"]
    assert found.allowed_ssh_ips == ["203.0.113.7/32"]
    for text in (found.found, found.assumed, found.todo, found.first_plan):
        assert TOKEN not in str(text)


def beside(api: SandboxApi, name: str, vpc: str = "default") -> dict[str, Any]:
    """Make a droplet as somebody does who knows nothing of our tags."""
    body = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "vpc_uuid": vpc}
    return api.ask("POST", "/droplets", name=name, **body)["droplet"]


def refused(api: SandboxApi, **asked: str) -> str:
    with pytest.raises(Problems) as error:
        look(api, **asked)
    assert str(error.value).endswith("Nothing was written.")
    return str(error.value)


def test_an_account_that_has_nothing_of_that_name_says_what_it_has(api):
    assert "There are: VPCs default-fra1." in refused(api)
    alone = beside(api, "staging-App.1")
    assert f"rename {alone['id']} --droplet-name shop-staging-app-1." in refused(api)
    api.ask("DELETE", f"/droplets/{alone['id']}")
    api.make("vpcs", name="blog-production-vpc", region="fra1", ip_range="10.70.0.0/16")
    beside(api, "web-1")
    told = refused(api)
    assert "nothing that is called shop-staging" in told
    assert "droplets web-1" in told
    assert "It has the environments blog-production" in told


def test_a_network_of_another_name_is_to_be_renamed_and_then_all_is_found(api):
    beside(api, "shop-staging-app")
    assert "doctl vpcs update default --name shop-staging-vpc" in refused(api)
    other = api.make("vpcs", name="second", region="fra1", ip_range="10.71.0.0/16")
    beside(api, "shop-staging-db", other["id"])
    assert "in several networks (default-fra1, second)" in refused(api)
    api.ask("DELETE", f"/droplets/{next(row['id'] for row in api.rows('droplets') if row['name'].endswith('db'))}")
    api.ask("PATCH", "/vpcs/default", name="shop-staging-vpc")
    assert look(api).declared["vpc"] == {"ip_range": "10.100.0.0/20"}


def test_droplets_that_no_declaration_names(api):
    first = beside(api, "Web.1", api.vpc())
    assert f"doctl compute droplet-action rename {first['id']} --droplet-name shop-staging-web-1" in refused(api)
    beside(api, "shop-staging-app", api.vpc())
    found = look(api)
    assert list(found.declared["droplets"]) == ["app"]
    assert any(row.startswith(f"the droplet Web.1 (id {first['id']}) stands in the VPC") for row in found.todo)
    elsewhere = beside(api, "shop-staging-old")
    assert any(f"shop-staging-old (id {elsewhere['id']}) stands in another VPC" in row for row in look(api).todo)
    twin = beside(api, "shop-staging-app", api.vpc())
    assert f"(id {twin['id']}). Rename or delete all but one." in refused(api)
    api.ask("DELETE", f"/droplets/{twin['id']}")
    api.droplet("stray", OWNER)
    assert "stray" in refused(api)


def test_what_was_said_is_compared_with_the_account(api):
    api.droplet("shop-staging-manager", OWNER, f"{OWNER}:managers")
    assert "region: you said nyc3, and the VPC shop-staging-vpc is in fra1" in refused(api, region="nyc3")
    assert "runner: you said compose, and the droplets are in the groups managers" in refused(api, runner="compose")
    assert look(api, region="fra1").runner == "swarm"
    assert "no record of shop.test in this account leads to shop-staging" in refused(api, domain="shop.test")


def test_what_the_token_may_not_read_is_told(api, monkeypatch):
    api.droplet()
    answer = api.answer

    def scoped(method: str, path: str, url: str, body: bytes | None):
        if path == "/volumes":
            return transport.Reply(403, {}, b'{"message": "no"}')
        return answer(method, path, url, body)

    monkeypatch.setattr(api, "answer", scoped)
    assert any("the token may not read /volumes (403)" in row for row in look(api).todo)
    monkeypatch.setattr(api, "answer", lambda *request: transport.Reply(401, {}, b"{}"))
    with pytest.raises(ApiError, match="refuses the API token"):
        look(api)


def test_a_project_that_would_gather_more_is_a_comment(api):
    app = api.droplet()
    project = api.make("projects", name="shops", purpose="Web Application")
    api.ask("POST", f"/projects/{project['id']}/resources", resources=[f"do:droplet:{app['id']}"])
    assert look(api).declared["do_project"] == {"name": "shops"}
    api.ask("POST", "/reserved_ips", droplet_id=app["id"])
    found = look(api)
    assert "do_project" not in found.declared
    assert found.project == {"name": "shops"}
    assert "project" not in found.first_plan
    assert any("the DigitalOcean project shops has the droplets" in row for row in found.todo)


def test_a_difference_that_is_left_is_told(api):
    api.ask("POST", f"/droplets/{api.droplet()['id']}/actions", type="power_off")
    found = look(api)
    assert any("is powered off, and the first plan powers it on" in row for row in found.todo)
    assert (
        "the first plan does more than giving tags: update droplet shop-staging-app (status). Look at it before "
        in ("\n".join(found.todo))
    )


def test_a_network_without_droplets(api):
    api.vpc()
    found = look(api)
    assert (found.declared["droplets"], found.declared["firewalls"]) == ({}, {})
    assert "1 to create" in found.first_plan, "our tag, and nothing else"


def test_what_else_stands_in_the_network_is_named(api, monkeypatch):
    api.droplet()
    answer = api.answer
    rows = [{"name": "pg", "urn": "do:dbaas:1"}, {"name": "shop-staging-app", "urn": "do:droplet:1"}]

    def more(method: str, path: str, url: str, body: bytes | None):
        if path.endswith("/members"):
            return transport.Reply(200, {}, json.dumps({"members": rows}).encode())
        return answer(method, path, url, body)

    monkeypatch.setattr(api, "answer", more)
    (told,) = [row for row in look(api).todo if "stands in" in row]
    assert told.startswith("pg (dbaas) stands in shop-staging-vpc, and a declaration has no such kind")


def test_what_every_plan_would_refuse_is_refused_here(api):
    api.droplet("shop-staging-app", OWNER, vpc_uuid="default")
    assert "What the account has cannot be declared as it is: vpc: shop-staging-app has default" in refused(api)
    api.change(Droplet, status="new")
    assert "is not in use: status new. Wait until it is made, and run init again." in refused(api)


def forget(api: SandboxApi) -> None:
    """Let the account be as if somebody else had made it: without our tags and the register of records."""
    ids = [row["id"] for row in api.rows("droplets")]
    for tag in api.rows("tags"):
        if tag["name"].startswith("izzzi:"):
            api.ask("DELETE", f"/tags/{tag['name']}")
    for row in api.rows("firewalls"):
        api.ask("POST", f"/firewalls/{row['id']}/droplets", droplet_ids=ids)
    for row in api.rows("domains/shop.test/records"):
        if row["name"].startswith("_izzzi."):
            api.ask("DELETE", f"/domains/shop.test/records/{row['id']}")


def test_the_same_without_our_tags_needs_our_tags_only(api, run_module):
    rule = {"protocol": "icmp", "sources": {"addresses": EVERYONE}}
    firewalls = {"web": {"inbound": [rule]}, "office": {"inbound": [SSH], "outbound": OUT}}
    wanted = whole(firewalls=firewalls, load_balancer={"size_unit": 2})
    assert "failed" not in run_module(environment.main, wanted)
    forget(api)
    found = look(api)
    assert not any("does more than giving tags" in row for row in found.todo), found.todo
    assert found.assumed[0] == "the app runs on shop-staging-web, shop-staging-web-2, shop-staging-web-3: the group web"
    done = run_module(environment.main, {**OPTIONS, **found.declared})
    assert "failed" not in done, done
    assert {step["action"] for step in done["plan"]} <= {"create", "update", "noop"}
    assert not run_module(environment.main, {**OPTIONS, **found.declared})["changed"]
    assert look(api).declared == found.declared
