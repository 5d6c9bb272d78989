# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains and records, as DigitalOcean's own client and a resolver see them."""

from __future__ import annotations

import threading

import pytest
from azure.core.exceptions import HttpResponseError
from dnslib import QTYPE, RCODE, DNSRecord
from dnslib.server import BaseResolver, DNSServer

from .daemon import Daemon


@pytest.fixture
def domain(client) -> str:
    return client.domains.create(body={"name": "Shop.example"})["domain"]["name"]


def record(client, domain, type, name, data, **more):
    body = {"type": type, "name": name, "data": data, **more}
    return client.domains.create_record(domain, body=body)["domain_record"]


def refused(call, *arguments, **more) -> str:
    with pytest.raises(HttpResponseError) as error:
        call(*arguments, **more)
    assert error.value.status_code == 422, error.value
    return str(error.value)


def ask(daemon: Daemon, name: str, type: str = "A", *, tcp: bool = False) -> DNSRecord:
    question = DNSRecord.question(name, type)
    return DNSRecord.parse(question.send("127.0.0.1", daemon.dns_port, tcp=tcp, timeout=10))


def answers(daemon: Daemon, name: str, type: str = "A", **more) -> list[tuple[str, str, int]]:
    return [(QTYPE[rr.rtype], str(rr.rdata), rr.ttl) for rr in ask(daemon, name, type, **more).rr]


def test_a_new_domain_has_its_name_servers_and_perhaps_an_address(client):
    made = client.domains.create(body={"name": "shop.example", "ip_address": "198.51.100.20"})["domain"]
    assert made == {"name": "shop.example", "ttl": 1800, "zone_file": None}, "the zone file is generated later"
    rows = client.domains.list_records("shop.example")["domain_records"]
    assert [(row["type"], row["name"]) for row in rows] == [("SOA", "@"), *[("NS", "@")] * 3, ("A", "@")]
    assert rows[1]["data"] == "ns1.digitalocean.com"
    assert "IN      A       198.51.100.20" in client.domains.get("shop.example")["domain"]["zone_file"]
    assert refused(client.domains.create, body={"name": "shop.example"}).count("name already exists")
    client.domains.delete("shop.example")
    assert client.domains.list()["domains"] == []


@pytest.mark.parametrize("name", ["", "shop", "sh op.example", "-a.example", "shop.example.", "x" * 64 + ".example"])
def test_bad_domains_are_refused(client, name):
    refused(client.domains.create, body={"name": name})


def test_host_names_are_sent_with_a_dot_and_come_back_without(client, domain):
    assert record(client, domain, "CNAME", "www", "Web.Example.NET.")["data"] == "web.example.net"
    assert record(client, domain, "CNAME", "shop", f"{domain}.")["data"] == "@", "the domain itself"
    made = record(client, domain, "MX", "@", "mail.example.net.", priority=10, port=1, tag="x")
    assert (made["priority"], made["port"], made["tag"]) == (10, None, None), "what a type does not have is null"
    assert record(client, domain, "CAA", "@", "ca.example.", flags=0, tag="issue")["data"] == "ca.example"
    assert record(client, domain, "CAA", "@", "mailto:a@b", flags=0, tag="iodef")["data"] == "mailto:a@b"
    assert record(client, domain, "TXT", "@", "Mixed Case")["data"] == "Mixed Case"


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"type": "CNAME", "name": "www", "data": "web.example.net"}, "end with a dot"),
        ({"type": "CNAME", "name": "@", "data": "web.example.net."}, "cannot share a name"),
        ({"type": "CNAME", "name": "taken", "data": "web.example.net."}, "cannot share a name"),
        ({"type": "A", "name": "www", "data": "web.example.net."}, "IPv4"),
        ({"type": "AAAA", "name": "www", "data": "198.51.100.1"}, "IPv6"),
        ({"type": "A", "name": "w w", "data": "198.51.100.1"}, "hostname characters"),
        ({"type": "A", "name": "", "data": "198.51.100.1"}, "Name can't be blank"),
        ({"type": "A", "name": "www"}, "Data can't be blank"),
        ({"type": "A", "name": "www", "data": "198.51.100.1", "ttl": 29}, "30"),
        ({"type": "A", "name": "www.other.example.", "data": "198.51.100.1"}, "not in the domain"),
        ({"type": "MX", "name": "@", "data": "mail.example.net."}, "Priority"),
        ({"type": "SRV", "name": "_sip._tcp", "data": "a.example.", "priority": 1, "port": 1}, "Weight"),
        ({"type": "CAA", "name": "@", "data": "ca.example.", "flags": 0, "tag": "other"}, "Tag"),
        ({"type": "SOA", "name": "@", "data": "1800"}, "Type"),
        ({"type": "A", "name": "www", "data": "198.51.100.1", "colour": "red"}, "colour"),
    ],
)
def test_bad_records_are_refused(client, domain, body, word):
    record(client, domain, "A", "taken", "198.51.100.9")
    before = client.domains.list_records(domain)["domain_records"]
    assert word in refused(client.domains.create_record, domain, body=body)
    assert client.domains.list_records(domain)["domain_records"] == before


def test_the_filter_takes_full_names(client, domain):
    record(client, domain, "A", "@", "198.51.100.9")
    record(client, domain, "A", f"www.{domain}.", "198.51.100.9")
    found = {n: len(client.domains.list_records(domain, name=n)["domain_records"]) for n in ("www", f"www.{domain}")}
    assert found == {"www": 0, f"www.{domain}": 1}
    assert [r["name"] for r in client.domains.list_records(domain, name=domain, type="A")["domain_records"]] == ["@"]


def test_a_change_must_send_a_host_name_again(client, domain):
    made = record(client, domain, "CNAME", "www", "web.example.net.")
    assert "dot" in refused(client.domains.update_record, domain, made["id"], body={"ttl": 60})
    body = {"data": "web.example.net.", "ttl": 60}
    assert client.domains.update_record(domain, made["id"], body=body)["domain_record"] == {**made, "ttl": 60}
    address = record(client, domain, "A", "@", "198.51.100.9")
    changed = client.domains.patch_record(domain, address["id"], body={"type": "A", "data": "198.51.100.8"})
    assert changed["domain_record"] == {**address, "data": "198.51.100.8"}


def test_records_of_one_name_and_type_share_their_ttl(client, domain):
    first = record(client, domain, "A", "www", "198.51.100.9", ttl=60)
    record(client, domain, "A", "www", "198.51.100.10", ttl=120)
    assert client.domains.get_record(domain, first["id"])["domain_record"]["ttl"] == 120


def test_dns_answers_at_once(client, daemon, domain):
    assert ask(daemon, domain).header.rcode == RCODE.NOERROR, "the domain exists"
    missing = ask(daemon, f"www.{domain}")
    assert (missing.header.rcode, QTYPE[missing.auth[0].rtype]) == (RCODE.NXDOMAIN, "SOA")
    made = record(client, domain, "A", "www", "198.51.100.9", ttl=60)
    assert answers(daemon, f"WWW.{domain}.") == [("A", "198.51.100.9", 60)]
    client.domains.update_record(domain, made["id"], body={"data": "198.51.100.8"})
    assert answers(daemon, f"www.{domain}") == [("A", "198.51.100.8", 60)]
    client.domains.delete_record(domain, made["id"])
    assert ask(daemon, f"www.{domain}").header.rcode == RCODE.NXDOMAIN


def test_dns_knows_every_type(client, daemon, domain):
    record(client, domain, "A", "@", "198.51.100.9")
    record(client, domain, "AAAA", "@", "2001:DB8::1")
    record(client, domain, "MX", "@", "mail.example.net.", priority=10)
    record(client, domain, "CAA", "@", "ca.example.", flags=0, tag="issue")
    record(client, domain, "SRV", "_sip._tcp", "@", priority=1, port=5060, weight=2)
    record(client, domain, "CNAME", "www", "@")
    record(client, domain, "A", "*.apps", "198.51.100.7")
    record(client, domain, "TXT", "long", "x" * 3000)
    assert answers(daemon, f"www.{domain}") == [("CNAME", f"{domain}.", 1800), ("A", "198.51.100.9", 1800)]
    assert answers(daemon, f"any.apps.{domain}") == [("A", "198.51.100.7", 1800)]
    assert [answers(daemon, domain, type)[0][1] for type in ("AAAA", "MX", "CAA", "NS")] == [
        "2001:db8::1",
        "10 mail.example.net.",
        '0 issue "ca.example"',
        "ns1.digitalocean.com.",
    ]
    assert answers(daemon, f"_sip._tcp.{domain}", "SRV")[0][1] == f"1 2 5060 {domain}."
    assert ask(daemon, f"long.{domain}", "TXT").header.tc, "too long for one packet"
    assert b"".join(ask(daemon, f"long.{domain}", "TXT", tcp=True).rr[0].rdata.data) == b"x" * 3000


def test_other_names_are_asked_of_the_machines_resolver(tmp_path):
    from izzzi_sandbox.account.state import State
    from izzzi_sandbox.dns.server import Resolver

    class Upstream(BaseResolver):
        def resolve(self, request, handler):
            reply = request.reply()
            reply.header.rcode = RCODE.REFUSED
            return reply

    upstream = DNSServer(Upstream(), "127.0.0.1", 0)
    port = upstream.server.server_address[1]
    threading.Thread(target=upstream.start, daemon=True).start()
    (tmp_path / "resolv.conf").write_text("# comment\nnameserver 127.0.0.1\n")
    resolver = Resolver(State(tmp_path / "state.db"), tmp_path / "resolv.conf", port)
    handler = type("Handler", (), {"protocol": "udp"})()
    assert resolver.resolve(DNSRecord.question("example.org"), handler).header.rcode == RCODE.REFUSED
    upstream.stop()
    (tmp_path / "resolv.conf").write_text("")
    assert resolver.resolve(DNSRecord.question("example.org"), handler).header.rcode == RCODE.SERVFAIL
