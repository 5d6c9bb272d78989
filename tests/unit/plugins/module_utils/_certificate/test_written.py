# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.izzzi.infra.plugins.filter.certificate_host import certificate_host
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Site, parse

ACME = {
    "directory": "https://acme.example/dir",
    "email": "ops@shop.example",
    "ca_certificates": "",
    "addresses": [],
    "resolvers": [],
    "dns_api_url": "https://api.digitalocean.com",
    "dns_token": "hunter22",
}
SITES = {
    "shop": {"server_names": ["shop.example"], "tls": {"source": "acme"}, "listen_tls": 8443},
    "own": {"tls": {"source": "files", "certificate": "c", "key": "k"}},
    "signed": {"tls": {"source": "self-signed"}},
    "plain": {"locations": []},
}
SWARM = {"place": "swarm", "sites": SITES, "acme": ACME, "project": "shop", "constraints": []}


def settings(written: dict):
    files = {file["path"]: file["content"] for file in written["files"]}
    return parse(json.loads(files["/etc/izzzi-certificate/settings.json"]))


def test_a_host_looks_after_those_of_an_authority():
    found = certificate_host({"place": "host", "sites": SITES, "acme": ACME})
    assert found["sites"] == ["shop"]
    assert settings(found).sites == {"shop": Site(["shop.example"], port=8443)}
    assert found["packages"] == ["openssl", "lego"]
    code = [file["path"] for file in found["files"]]
    assert "/usr/local/lib/izzzi/infra/_certificate/host.py" in code
    assert "/usr/local/lib/izzzi/infra/_certificate/swarm.py" not in code


def test_a_swarm_also_after_those_that_are_signed_by_themselves():
    found = certificate_host(SWARM)
    assert found["sites"] == ["shop", "signed"]
    assert settings(found).sites["signed"] == Site(["_"], source="self-signed")
    assert settings(found).project == "shop"
    assert "/usr/local/lib/izzzi/infra/_swarm/stack/lock.py" in [file["path"] for file in found["files"]]
    alone = certificate_host({**SWARM, "sites": {"signed": SITES["signed"]}})
    assert alone["packages"] == ["openssl"]


def test_the_token_is_among_the_secrets_only():
    found = certificate_host(SWARM)
    assert "hunter22" not in json.dumps(found["files"])
    assert found["secrets"] == [{"path": "/etc/izzzi-certificate/dns-token", "content": "hunter22"}]


def test_where_no_site_wants_one_nothing_is_written():
    found = certificate_host({**SWARM, "sites": {"plain": SITES["plain"], "own": SITES["own"]}})
    assert not any(found.values())
