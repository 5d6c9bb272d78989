# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets and their actions, as DigitalOcean's own client sees them."""

from __future__ import annotations

import time

import pytest
from azure.core.exceptions import HttpResponseError

from .conftest import PUBLIC_KEY
from .daemon import running


@pytest.fixture
def create(client):
    def make(**more):
        body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", **more}
        return active(client, client.droplets.create(body=body)["droplet"]["id"])

    return make


def active(client, id):
    for _ in range(200):
        droplet = client.droplets.get(id)["droplet"]
        if droplet["status"] == "active" and not droplet["locked"]:
            return droplet
        time.sleep(0.02)
    raise AssertionError(f"droplet {id} does not become active")


def act(client, id, type, **arguments):
    action = client.droplet_actions.post(id, body={"type": type, **arguments})["action"]
    for _ in range(200):
        seen = client.actions.get(action["id"])["action"]
        if seen["status"] != "in-progress":
            return seen["status"]
        time.sleep(0.02)
    raise AssertionError(f"action {type} does not end")


def refusal(call, *arguments, **more) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as refused:
        call(*arguments, **more)
    assert refused.value.status_code == 422, refused.value
    return refused.value


def test_region_and_size_are_taken_in_any_case_and_given_back_in_lower_case(client, create):
    droplet = create(region="FRA1", size="S-1VCPU-1GB")
    assert (droplet["region"]["slug"], droplet["size_slug"]) == ("fra1", "s-1vcpu-1gb")


def test_a_new_droplet_becomes_active_and_gets_its_addresses(client):
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    new = client.droplets.create(body=body)
    assert new["droplet"]["status"] == "new"
    assert new["droplet"]["networks"]["v4"] == []
    assert [link["rel"] for link in new["links"]["actions"]] == ["create"]
    droplet = active(client, new["droplet"]["id"])
    assert {network["type"] for network in droplet["networks"]["v4"]} == {"public", "private"}
    assert droplet["size_slug"] == "s-1vcpu-1gb"
    assert droplet["image"]["slug"] == "debian-13-x64"
    assert client.vpcs.get(droplet["vpc_uuid"])["vpc"]["default"] is True


def test_several_at_once(client):
    body = {"names": ["a-1", "a-2", "a-3"], "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    droplets = [active(client, row["id"]) for row in client.droplets.create(body=body)["droplets"]]
    addresses = {network["ip_address"] for row in droplets for network in row["networks"]["v4"]}
    assert len(addresses) == 6


def test_filters(client, create):
    first, _ = create(name="web-1", tags=["blue"]), create(name="web-2")
    assert [d["id"] for d in client.droplets.list(name="web-1")["droplets"]] == [first["id"]]
    assert [d["id"] for d in client.droplets.list(tag_name="blue")["droplets"]] == [first["id"]]
    assert client.droplets.list(name="web")["droplets"] == []


def test_tags_follow_droplets(client, create):
    droplet = create(tags=["blue"])
    resource = {"resources": [{"resource_id": str(droplet["id"]), "resource_type": "droplet"}]}
    client.tags.create(body={"name": "green"})
    client.tags.assign_resources("green", body=resource)
    assert client.droplets.get(droplet["id"])["droplet"]["tags"] == ["blue", "green"]
    assert client.tags.get("green")["tag"]["resources"]["droplets"]["count"] == 1
    client.tags.unassign_resources("blue", body=resource)
    client.tags.delete("green")
    assert client.droplets.get(droplet["id"])["droplet"]["tags"] == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"region": "mars1"}, "region"),
        ({"size": "huge"}, "size"),
        ({"image": "windows-95"}, "image"),
        ({"name": "under_score"}, "hostname"),
        ({"ssh_keys": [1]}, "key"),
        ({"vpc_uuid": "5a4981aa-9653-4bd1-bef5-d6bff52042e4"}, "VPC"),
        ({"user_data": "x" * 65537}, "64"),
        ({"volumes": ["5a4981aa-9653-4bd1-bef5-d6bff52042e4"]}, "volume"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_droplets_are_refused(client, change, word):
    body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", **change}
    assert word in str(refusal(client.droplets.create, body=body))
    assert client.droplets.list()["droplets"] == []


def test_power(client, create):
    id = create()["id"]
    assert act(client, id, "power_off") == "completed"
    assert client.droplets.get(id)["droplet"]["status"] == "off"
    assert "already powered off" in str(refusal(client.droplet_actions.post, id, body={"type": "power_off"}))
    assert act(client, id, "power_on") == "completed"
    assert client.droplets.get(id)["droplet"]["status"] == "active"
    for type in ("reboot", "power_cycle"):
        assert act(client, id, type) == "completed"


def test_resize_needs_the_power_off_and_never_shrinks_a_disk(client, create):
    id = create()["id"]
    larger = {"type": "resize", "size": "s-2vcpu-4gb", "disk": True}
    refusal(client.droplet_actions.post, id, body=larger)
    act(client, id, "power_off")
    assert act(client, id, **larger) == "completed"
    droplet = client.droplets.get(id)["droplet"]
    assert (droplet["size_slug"], droplet["memory"], droplet["disk"]) == ("s-2vcpu-4gb", 4096, 80)
    assert "disk" in str(refusal(client.droplet_actions.post, id, body={**larger, "size": "s-1vcpu-1gb"}))


def test_other_actions(client, create):
    id = create()["id"]
    assert act(client, id, "rename", name="web-9") == "completed"
    assert act(client, id, "enable_backups") == "completed"
    droplet = client.droplets.get(id)["droplet"]
    assert droplet["name"] == "web-9"
    assert "backups" in droplet["features"]
    assert "not an action" in str(refusal(client.droplet_actions.post, id, body={"type": "fly"}))
    assert [a["type"] for a in client.droplet_actions.list(id)["actions"]] == ["enable_backups", "rename", "create"]


def test_delete(client, create):
    first, second = create(name="web-1", tags=["blue"]), create(name="web-2")
    client.droplets.destroy_by_tag(tag_name="blue")
    for _ in range(100):
        if [d["id"] for d in client.droplets.list()["droplets"]] == [second["id"]]:
            break
        time.sleep(0.02)
    assert client.droplets.get(first["id"])["id"] == "not_found", "pydo gives a 404 back as data"


def test_keys_are_found_by_id_and_fingerprint(client, create):
    key = client.ssh_keys.create(body={"name": "k", "public_key": PUBLIC_KEY})["ssh_key"]
    assert create(ssh_keys=[key["id"], key["fingerprint"]])["status"] == "active"


def test_a_slow_cloud_locks_the_droplet_meanwhile(tmp_path):
    with running(tmp_path / "home", MEMORY_DELAY="1") as slow:
        body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
        made = slow.call("POST", "/v2/droplets", body).body
        id, action = made["droplet"]["id"], made["links"]["actions"][0]["id"]
        assert slow.call("GET", f"/v2/actions/{action}").body["action"]["status"] == "in-progress"
        refused = slow.call("POST", f"/v2/droplets/{id}/actions", {"type": "power_off"})
        assert (refused.status, refused.body["message"]) == (422, "Droplet already has a pending event.")
        slow.kill()
        slow.start()
        slow.wait_for_droplet(id, "active")
        finished = slow.call("GET", f"/v2/actions/{action}").body["action"]
        assert finished["status"] == "completed", "an action that a crash interrupted is taken up again"


def test_what_was_on_is_powered_on_again_after_a_crash(tmp_path):
    """The memory backend's droplets die with the daemon."""
    with running(tmp_path / "home") as daemon:
        body = {"name": "web-1", "region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
        id = daemon.call("POST", "/v2/droplets", body).body["droplet"]["id"]
        daemon.wait_for_droplet(id, "active")
        daemon.kill()
        daemon.environment["IZZZI_SANDBOX_MEMORY_DELAY"] = "3"  # longer than a busy machine takes to ask
        daemon.start()
        shown = daemon.call("GET", f"/v2/droplets/{id}").body["droplet"]
        assert (shown["status"], shown["locked"]) == ("off", True)
        daemon.wait_for_droplet(id, "active")


def test_ipv6_is_asked_for_at_the_creation_or_later(client, create):
    first = create(ipv6=True)
    assert "ipv6" in first["features"]
    assert [(row["type"], row["netmask"]) for row in first["networks"]["v6"]] == [("public", 64)]
    id = create(name="web-2")["id"]
    assert act(client, id, "enable_ipv6") == "completed"
    later = client.droplets.get(id)["droplet"]["networks"]["v6"][0]["ip_address"]
    assert later not in ("", first["networks"]["v6"][0]["ip_address"])
    refusal(client.droplet_actions.post, id, body={"type": "enable_ipv6"})


def test_a_droplet_from_a_snapshot(client, create):
    id = create(size="s-1vcpu-2gb")["id"]
    assert act(client, id, "snapshot", name="golden") == "completed"
    snapshot = client.droplets.list_snapshots(id)["snapshots"][0]
    assert (snapshot["name"], snapshot["min_disk_size"]) == ("golden", 50)
    assert client.droplets.get(id)["droplet"]["snapshot_ids"] == [snapshot["id"]]
    assert [image["id"] for image in client.images.list(private=True)["images"]] == [snapshot["id"]]
    copy = create(name="web-2", image=snapshot["id"], size="s-1vcpu-2gb")
    assert (copy["image"]["id"], copy["image"]["distribution"]) == (snapshot["id"], "Debian")
    body = {"name": "small", "region": "fra1", "size": "s-1vcpu-1gb", "image": snapshot["id"]}
    assert "disk" in str(refusal(client.droplets.create, body=body))
    assert act(client, id, "restore", image=snapshot["id"]) == "completed"
    client.snapshots.delete(str(snapshot["id"]))
    assert client.snapshots.list(resource_type="droplet")["snapshots"] == []


def test_more_than_a_page(client, daemon):
    base = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64", "tags": ["many"]}
    for start in range(0, 210, 10):
        made = daemon.call("POST", "/v2/droplets", {**base, "names": [f"web-{start + n}" for n in range(10)]})
        assert made.status == 202, made.body
    first = client.droplets.list(per_page=200, tag_name="many")
    assert (len(first["droplets"]), first["meta"]["total"]) == (200, 210)
    assert len(client.droplets.list(per_page=200, page=2, tag_name="many")["droplets"]) == 10
    body = {"name": "fw", "inbound_rules": [{"protocol": "tcp", "ports": "22", "sources": {"tags": ["many"]}}]}
    client.firewalls.create(body={**body, "tags": ["many"]})
    for path in ("/v2/droplets?per_page=200", "/v2/firewalls?per_page=200", "/v2/projects/default/resources"):
        start = time.monotonic()
        assert daemon.call("GET", path).status == 200
        assert time.monotonic() - start < 2, f"{path} is slow with 210 droplets"
    too_many = daemon.call("POST", "/v2/droplets", {**base, "names": [f"more-{n}" for n in range(11)]})
    assert too_many.status == 422
