# SPDX-License-Identifier: GPL-3.0-or-later
"""VPCs and firewalls, as DigitalOcean's own client sees them."""

from __future__ import annotations

import pytest
from azure.core.exceptions import HttpResponseError

EVERYONE = {"addresses": ["0.0.0.0/0", "::/0"]}


def vpc(client, name="net", ip_range="10.31.0.0/16", region="fra1"):
    return client.vpcs.create(body={"name": name, "region": region, "ip_range": ip_range})["vpc"]


def refused(status, call, *arguments, **more) -> str:
    with pytest.raises(HttpResponseError) as error:
        call(*arguments, **more)
    assert error.value.status_code == status, error.value
    return str(error.value)


def test_the_first_vpc_of_a_region_is_its_default_and_stays(client):
    first, second = vpc(client), vpc(client, "other", "10.32.0.0/16")
    assert (first["default"], second["default"]) == (True, False)
    refused(403, client.vpcs.delete, first["id"])
    client.vpcs.delete(second["id"])
    assert [row["id"] for row in client.vpcs.list()["vpcs"]] == [first["id"]]


@pytest.mark.parametrize(
    "ip_range", ["10.31.0.0/15", "10.31.0.0/29", "8.8.0.0/16", "10.31.0.1/16", "nonsense", "10.245.0.0/16"]
)
def test_ranges_that_digitalocean_does_not_take(client, ip_range):
    assert "ip_range" in refused(422, vpc, client, ip_range=ip_range)


def test_vpcs_do_not_overlap_and_have_names_of_their_own(client):
    vpc(client)
    assert "overlaps" in refused(422, vpc, client, "other", "10.31.128.0/24")
    assert "unique" in refused(422, vpc, client, "net", "10.40.0.0/16")


def test_a_vpc_with_members_stays(client):
    vpc(client, "default", "10.30.0.0/16")
    id = vpc(client)["id"]
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "vpc_uuid": id}
    droplet = client.droplets.create(body=body)["droplet"]
    refused(409, client.vpcs.delete, id)
    assert [m["urn"] for m in client.vpcs.list_members(id)["members"]] == [f"do:droplet:{droplet['id']}"]


def test_update(client):
    id = vpc(client)["id"]
    assert client.vpcs.patch(id, body={"description": "text"})["vpc"]["description"] == "text"
    assert client.vpcs.update(id, body={"name": "renamed"})["vpc"]["description"] == "", "PUT replaces"


def rule(protocol="tcp", ports="80", **sources):
    given = {"protocol": protocol, "ports": ports, "sources": sources or EVERYONE}
    return {key: value for key, value in given.items() if value is not None}


def firewall(client, *inbound, **more):
    return client.firewalls.create(body={"name": "fw", "inbound_rules": list(inbound), **more})["firewall"]


def test_rules_come_back_in_digitaloceans_spelling(client):
    made = firewall(client, rule(ports="all"), rule("icmp", None), rule(ports="8000-9000"))
    assert [r["ports"] for r in made["inbound_rules"]] == ["0", "0", "8000-9000"]
    assert client.firewalls.get(made["id"])["firewall"]["inbound_rules"] == made["inbound_rules"]


@pytest.mark.parametrize(
    "bad",
    [
        rule(ports="0"),
        rule(ports="70000"),
        rule(ports="9-8"),
        rule(ports="http"),
        rule(ports=None),
        rule("icmp", "8"),
        rule("gre"),
        rule(addresses=["300.0.0.0/8"]),
        rule(tags=["missing"]),
        rule(droplet_ids=[1]),
    ],
)
def test_bad_rules_are_refused(client, bad):
    refused(422, firewall, client, bad)
    assert client.firewalls.list()["firewalls"] == []


def test_tags_must_exist_and_attach_later_droplets(client):
    refused(422, firewall, client, rule(), tags=["web"])
    client.tags.create(body={"name": "web"})
    id = firewall(client, rule(), tags=["web"])["id"]
    body = {"name": "w", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": ["web"]}
    droplet = client.droplets.create(body=body)["droplet"]["id"]
    assert [row["id"] for row in client.droplets.list_firewalls(droplet)["firewalls"]] == [id]
    client.tags.delete("web")
    assert client.firewalls.get(id)["firewall"]["tags"] == []


def test_put_replaces_everything(client):
    client.tags.create(body={"name": "web"})
    id = firewall(client, rule(), tags=["web"])["id"]
    replaced = client.firewalls.update(id, body={"name": "fw", "inbound_rules": [rule(ports="443")]})["firewall"]
    assert [r["ports"] for r in replaced["inbound_rules"]] == ["443"]
    assert replaced["tags"] == []


def test_rules_and_tags_are_added_and_removed_alone(client):
    client.tags.create(body={"name": "web"})
    id = firewall(client, rule())["id"]
    client.firewalls.add_rules(id, body={"inbound_rules": [rule(ports="443")]})
    client.firewalls.add_tags(id, body={"tags": ["web"]})
    seen = client.firewalls.get(id)["firewall"]
    assert ([r["ports"] for r in seen["inbound_rules"]], seen["tags"]) == (["80", "443"], ["web"])
    client.firewalls.delete_rules(id, body={"inbound_rules": [rule(ports="80")]})
    client.firewalls.delete_tags(id, body={"tags": ["web"]})
    seen = client.firewalls.get(id)["firewall"]
    assert ([r["ports"] for r in seen["inbound_rules"]], seen["tags"]) == (["443"], [])
    client.firewalls.delete(id)
    assert client.firewalls.list()["firewalls"] == []
