# SPDX-License-Identifier: GPL-3.0-or-later
"""What is attached to droplets or stands before them: reserved IPs, volumes, load balancers, alerts, uptime checks; and
projects."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from .test_droplets import active

BODY = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
RULE = {"entry_protocol": "http", "entry_port": 80, "target_protocol": "http", "target_port": 8080}


@pytest.fixture
def droplet(client):
    return active(client, client.droplets.create(body=BODY)["droplet"]["id"])


def refused(call, *arguments, status=422, **more) -> str:
    with pytest.raises(HttpResponseError) as error:
        call(*arguments, **more)
    assert error.value.status_code == status, error.value
    return str(error.value)


def done(client, action: dict) -> None:
    for _ in range(200):
        status = client.actions.get(action["id"])["action"]["status"]
        if status != "in-progress":
            assert status == "completed"
            return
        time.sleep(0.02)
    raise AssertionError(f"{action['type']} does not end")


def eventually(read, wanted):
    for _ in range(200):
        if (seen := read()) == wanted:
            return
        time.sleep(0.02)
    raise AssertionError(f"{seen} instead of {wanted}")


def test_reserved_ips_move_between_droplets(client, droplet):
    made = client.reserved_ips.create(body={"droplet_id": droplet["id"]})
    ip = made["reserved_ip"]["ip"]
    done(client, {"id": made["links"]["actions"][0]["id"], "type": "assign_ip"})
    shown = client.reserved_ips.get(ip)["reserved_ip"]
    assert (shown["droplet"]["id"], shown["region"]["slug"], shown["locked"]) == (droplet["id"], "fra1", False)
    assert "already has" in refused(client.reserved_ips.create, body={"droplet_id": droplet["id"]})
    other = active(client, client.droplets.create(body={**BODY, "name": "web-2"})["droplet"]["id"])
    move = {"type": "assign", "droplet_id": other["id"]}
    done(client, client.reserved_ips_actions.post(ip, body=move)["action"])
    assert client.reserved_ips.get(ip)["reserved_ip"]["droplet"]["id"] == other["id"]
    done(client, client.reserved_ips_actions.post(ip, body={"type": "unassign"})["action"])
    assert client.reserved_ips.get(ip)["reserved_ip"]["droplet"] is None
    refused(client.reserved_ips_actions.post, ip, body={"type": "unassign"})
    client.reserved_ips.delete(ip)
    assert client.reserved_ips.list()["reserved_ips"] == []


def test_a_reserved_ip_belongs_to_a_region_and_outlives_its_droplet(client, daemon, droplet):
    ip = client.reserved_ips.create(body={"region": "nyc3"})["reserved_ip"]["ip"]
    wrong = {"type": "assign", "droplet_id": droplet["id"]}
    assert "nyc3" in refused(client.reserved_ips_actions.post, ip, body=wrong)
    made = daemon.call("POST", "/v2/floating_ips", {"droplet_id": droplet["id"]}).body
    done(client, {"id": made["links"]["actions"][0]["id"], "type": "assign_ip"})
    client.droplets.destroy(droplet["id"])
    read = f"/v2/floating_ips/{made['floating_ip']['ip']}"
    eventually(lambda: daemon.call("GET", read).body["floating_ip"]["droplet"], None)


def test_volumes(client, droplet):
    body = {"name": "data", "region": "fra1", "size_gigabytes": 10, "filesystem_type": "ext4"}
    volume = client.volumes.create(body=body)["volume"]
    refused(client.volumes.create, body=body, status=409)
    attach = {"type": "attach", "droplet_id": droplet["id"], "region": "fra1"}
    done(client, client.volume_actions.post_by_id(volume["id"], body=attach)["action"])
    assert client.droplets.get(droplet["id"])["droplet"]["volume_ids"] == [volume["id"]]
    assert "already attached" in refused(client.volume_actions.post_by_id, volume["id"], body=attach)
    refused(client.volumes.delete, volume["id"], status=409)
    refused(client.volume_actions.post_by_id, volume["id"], body={"type": "resize", "size_gigabytes": 10})
    done(
        client, client.volume_actions.post_by_id(volume["id"], body={"type": "resize", "size_gigabytes": 20})["action"]
    )
    assert client.volumes.list(name="data", region="fra1")["volumes"][0]["size_gigabytes"] == 20
    snapshot = client.volume_snapshots.create(volume["id"], body={"name": "before"})["snapshot"]
    small = {"name": "copy", "region": "fra1", "size_gigabytes": 10, "snapshot_id": snapshot["id"]}
    refused(client.volumes.create, body=small)
    assert client.volumes.create(body={**small, "size_gigabytes": 20})["volume"]["size_gigabytes"] == 20
    detach = {"type": "detach", "volume_name": "data", "droplet_id": droplet["id"], "region": "fra1"}
    done(client, client.volume_actions.post(body=detach)["action"])
    client.volumes.delete_by_name(name="data", region="fra1")
    assert [row["name"] for row in client.volumes.list()["volumes"]] == ["copy"]


@pytest.mark.parametrize(
    "change",
    [{"name": "Data"}, {"size_gigabytes": 0}, {"region": "mars1"}, {"filesystem_type": "ntfs"}, {"colour": "red"}],
)
def test_bad_volumes_are_refused(client, change):
    refused(client.volumes.create, body={"name": "data", "region": "fra1", "size_gigabytes": 10, **change})


def test_a_load_balancer_stands_in_the_vpc(client, daemon, droplet):
    made = client.load_balancers.create(body={"name": "lb", "region": "fra1", "forwarding_rules": [RULE], "tag": "web"})
    id = made["load_balancer"]["id"]
    assert (made["load_balancer"]["status"], made["load_balancer"]["ip"]) == ("new", "")
    eventually(lambda: client.load_balancers.get(id)["load_balancer"]["status"], "active")
    client.tags.assign_resources(
        "web", body={"resources": [{"resource_id": str(droplet["id"]), "resource_type": "droplet"}]}
    )
    shown = client.load_balancers.get(id)["load_balancer"]
    assert (shown["droplet_ids"], shown["vpc_uuid"], shown["size_unit"]) == ([droplet["id"]], droplet["vpc_uuid"], 1)
    urns = {row["urn"] for row in client.vpcs.list_members(droplet["vpc_uuid"])["members"]}
    assert urns == {f"do:droplet:{droplet['id']}", f"do:loadbalancer:{id}"}
    rule = {"protocol": "tcp", "ports": "8080", "sources": {"load_balancer_uids": [id]}}
    firewall = client.firewalls.create(body={"name": "fw", "inbound_rules": [rule], "tags": ["web"]})["firewall"]
    assert firewall["inbound_rules"][0]["sources"] == {"load_balancer_uids": [id]}
    tls = {**RULE, "entry_protocol": "https", "entry_port": 443}
    assert "certificate" in refused(client.load_balancers.add_forwarding_rules, id, body={"forwarding_rules": [tls]})
    client.load_balancers.add_forwarding_rules(id, body={"forwarding_rules": [{**RULE, "entry_port": 81}]})
    replaced = client.load_balancers.update(
        id, body={"name": "lb", "region": "fra1", "forwarding_rules": [RULE], "droplet_ids": [droplet["id"]]}
    )["load_balancer"]
    assert (len(replaced["forwarding_rules"]), replaced["tag"]) == (1, "")
    client.load_balancers.delete(id)
    eventually(lambda: daemon.call("GET", f"/v2/load_balancers/{id}").status, 404)


@pytest.mark.parametrize(
    "change",
    [
        {"forwarding_rules": []},
        {"forwarding_rules": [RULE, RULE]},
        {"forwarding_rules": [{**RULE, "target_protocol": "tcp"}]},
        {"droplet_ids": [1]},
        {"droplet_ids": [1], "tag": "web"},
        {"sticky_sessions": {"type": "cookies"}},
        {"firewall": {"allow": ["10.0.0.0/8"]}},
        {"region": "mars1"},
    ],
)
def test_bad_load_balancers_are_refused(client, change):
    refused(client.load_balancers.create, body={"name": "lb", "region": "fra1", "forwarding_rules": [RULE], **change})
    assert client.load_balancers.list()["load_balancers"] == []


def test_a_certificate_ends_tls_at_the_load_balancer(client):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "shop.example")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.example")]), critical=False)
    leaf = built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    body = {
        "name": "shop",
        "type": "custom",
        "leaf_certificate": leaf,
        "private_key": key.private_bytes(*form).decode(),
    }
    made = client.certificates.create(body=body)["certificate"]
    assert (made["dns_names"], made["state"]) == (["shop.example"], "verified")
    tls = {**RULE, "entry_protocol": "https", "entry_port": 443, "certificate_id": made["id"]}
    client.load_balancers.create(body={"name": "lb", "region": "fra1", "forwarding_rules": [tls]})
    refused(client.certificates.delete, made["id"], status=403)
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(*form).decode()
    assert "does not belong" in refused(client.certificates.create, body={**body, "name": "x", "private_key": other})


def test_alerts(client, droplet):
    body = {
        "type": "v1/insights/droplet/cpu",
        "description": "busy",
        "compare": "GreaterThan",
        "value": 80,
        "window": "5m",
        "entities": [str(droplet["id"])],
        "tags": [],
        "alerts": {"email": ["ops@shop.example"], "slack": []},
        "enabled": True,
    }
    policy = client.monitoring.create_alert_policy(body=body)["policy"]
    assert {name: policy[name] for name in body} == body
    changed = client.monitoring.update_alert_policy(policy["uuid"], body={**body, "value": 90})["policy"]
    assert (changed["uuid"], changed["value"]) == (policy["uuid"], 90)
    for bad in ({"window": "2m"}, {"type": "v1/x"}, {"entities": ["1"]}, {"alerts": {"email": []}}, {"value": None}):
        refused(client.monitoring.create_alert_policy, body={**body, **bad})
    client.monitoring.delete_alert_policy(policy["uuid"])
    assert client.monitoring.list_alert_policy()["policies"] == []


def test_uptime_checks_and_their_alerts(client):
    uptime = client.uptime
    body = {"name": "site", "type": "https", "target": "https://shop.example", "regions": ["eu_west"], "enabled": True}
    check = uptime.create_check(body=body)["check"]
    assert {name: check[name] for name in body} == body
    second = uptime.create_check(body=body)["check"]["id"]
    assert [row["id"] for row in uptime.list_checks()["checks"]] == [check["id"], second], "a name is not unique"
    uptime.delete_check(second)
    assert uptime.update_check(check["id"], body={"enabled": False})["check"] == {**check, "enabled": False}
    for bad in ({"type": "tcp"}, {"regions": ["mars"]}, {"regions": []}, {"target": "shop.example"}, {"method": "GET"}):
        refused(uptime.create_check, body={**body, **bad})
    refused(uptime.update_check, check["id"], body={"type": "http"})

    receivers = {"email": ["ops@shop.example"], "slack": []}
    down = {"name": "down", "type": "down", "notifications": receivers, "period": "2m"}
    alert = uptime.create_alert(check["id"], body=down)["alert"]
    assert alert == {"id": alert["id"], **down}
    slow = {**down, "type": "latency", "threshold": 300, "comparison": "greater_than"}
    changed = uptime.update_alert(check["id"], alert["id"], body=slow)["alert"]
    assert changed == {"id": alert["id"], **slow} == uptime.get_alert(check["id"], alert["id"])["alert"]
    nobody = {"email": [], "slack": []}
    for bad in ({"period": "4m"}, {"type": "latency"}, {"notifications": nobody}, {"notifications": {"email": []}}):
        refused(uptime.create_alert, check["id"], body={**down, **bad})
    gone = (uptime.get_alert(second, alert["id"]), uptime.create_alert(second, body=down), uptime.list_alerts(second))
    assert {reply["id"] for reply in gone} == {"not_found"}, "of another check, and of none"
    uptime.create_alert(check["id"], body=down)
    uptime.delete_alert(check["id"], alert["id"])
    assert len(uptime.list_alerts(check["id"])["alerts"]) == 1
    uptime.delete_check(check["id"])
    assert uptime.get_alert(check["id"], alert["id"])["id"] == "not_found", "it went with its check"
    assert uptime.list_checks()["checks"] == []


@pytest.mark.parametrize("wrong", ["1", "droplet:1", "do:droplet", "do:droplet:", "do::1", "", "DO:droplet:1"])
def test_a_project_refuses_what_is_no_urn_and_takes_nothing_of_the_request(client, droplet, wrong):
    project = client.projects.create(body={"name": "shop", "purpose": "Web Application"})["project"]["id"]
    body = {"resources": [f"do:droplet:{droplet['id']}", wrong]}
    told = refused(client.projects.assign_resources, project, status=400, body=body)
    assert "do:resource_type:resource_id" in told
    assert client.projects.list_resources(project)["resources"] == []


def test_a_project_takes_everything_that_has_a_urn(client, droplet):
    client.domains.create(body={"name": "shop.example"})
    ip = client.reserved_ips.create(body={"region": "fra1"})["reserved_ip"]["ip"]
    volume = client.volumes.create(body={"name": "data", "region": "fra1", "size_gigabytes": 1})["volume"]["id"]
    balancer = {"name": "lb", "region": "fra1", "forwarding_rules": [RULE]}
    balancer = client.load_balancers.create(body=balancer)["load_balancer"]["id"]
    urns = [f"do:droplet:{droplet['id']}", "do:domain:shop.example", f"do:floatingip:{ip}", f"do:volume:{volume}"]
    urns.append(f"do:loadbalancer:{balancer}")
    project = client.projects.create(body={"name": "shop", "purpose": "Web Application"})["project"]["id"]
    rows = client.projects.assign_resources(project, body={"resources": [*urns, "do:droplet:1"]})["resources"]
    assert [row["status"] for row in rows] == ["assigned"] * 5 + ["not_found"]
    again = client.projects.assign_resources(project, body={"resources": urns})["resources"]
    assert {row["status"] for row in again} == {"already_assigned"}
    assert {row["urn"] for row in client.projects.list_resources(project)["resources"]} == set(urns)
    assert client.projects.delete(project)["id"] == "precondition_failed", "pydo gives a 412 back as data"
    client.domains.delete("shop.example")
    assert len(client.projects.list_resources(project)["resources"]) == 4
