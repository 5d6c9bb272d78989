# SPDX-License-Identifier: GPL-3.0-or-later
"""Account, catalogue, keys and tags, as DigitalOcean's own client sees them."""

from __future__ import annotations

import base64
import hashlib

import pytest
from azure.core.exceptions import HttpResponseError

from .conftest import PUBLIC_KEY


def test_account(client):
    account = client.account.get()["account"]
    assert account["status"] == "active"
    assert account["droplet_limit"] > 0


def test_regions_and_sizes_are_real_ones(client):
    regions = {r["slug"]: r for r in client.regions.list(per_page=200)["regions"]}
    sizes = {s["slug"]: s for s in client.sizes.list(per_page=200)["sizes"]}
    assert {"fra1", "nyc3", "ams3", "lon1", "sgp1"} <= regions.keys()
    small = sizes["s-2vcpu-4gb"]
    assert (small["vcpus"], small["memory"], small["disk"], small["price_monthly"]) == (2, 4096, 80, 24.0)
    assert small["price_hourly"] == pytest.approx(24 / 672, rel=1e-3)
    assert "s-2vcpu-4gb" in regions["fra1"]["sizes"]
    assert "fra1" in small["regions"]


def test_images_can_be_filtered(client):
    slugs = {image["slug"] for image in client.images.list(type="distribution", per_page=200)["images"]}
    assert {"debian-13-x64", "debian-12-x64", "ubuntu-24-04-x64"} <= slugs
    assert client.images.list(private=True)["images"] == []


def test_a_key_is_known_by_id_and_fingerprint(client):
    key = client.ssh_keys.create(body={"name": "laptop", "public_key": PUBLIC_KEY})["ssh_key"]
    digest = hashlib.md5(base64.b64decode(PUBLIC_KEY.split()[1]), usedforsecurity=False).hexdigest()
    assert key["fingerprint"].replace(":", "") == digest
    assert client.ssh_keys.get(key["id"])["ssh_key"] == client.ssh_keys.get(key["fingerprint"])["ssh_key"]
    assert client.ssh_keys.update(key["id"], body={"name": "desk"})["ssh_key"]["name"] == "desk"
    client.ssh_keys.delete(key["fingerprint"])
    assert client.ssh_keys.list()["ssh_keys"] == []


@pytest.mark.parametrize("public_key", ["ssh-ed25519", "ssh-ed25519 AAAA", "not a key", ""])
def test_what_is_no_key_is_refused(client, public_key):
    with pytest.raises(HttpResponseError) as refused:
        client.ssh_keys.create(body={"name": "bad", "public_key": public_key})
    assert refused.value.status_code == 422


def test_a_key_can_be_added_once(client):
    client.ssh_keys.create(body={"name": "one", "public_key": PUBLIC_KEY})
    with pytest.raises(HttpResponseError) as refused:
        client.ssh_keys.create(body={"name": "two", "public_key": PUBLIC_KEY})
    assert refused.value.status_code == 422
    assert "already in use" in str(refused.value)


def test_tags_are_made_once_and_keep_their_spelling(client, daemon):
    assert client.tags.create(body={"name": "Web"})["tag"]["name"] == "Web"
    assert client.tags.create(body={"name": "web"})["tag"]["name"] == "Web"
    assert [tag["name"] for tag in client.tags.list()["tags"]] == ["Web"]
    assert daemon.call("GET", "/v2/tags/web").status == 404
    client.tags.delete("Web")
    assert client.tags.list()["tags"] == []


@pytest.mark.parametrize("name", ["with space", "dot.ted", "", "x" * 256, "schön"])
def test_bad_tag_names_are_refused(daemon, name):
    assert daemon.call("POST", "/v2/tags", {"name": name}).status == 422
