# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record import form
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record.form import Record, body, current
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names

from tests.unit.sandbox_api import APP

NAMES = Names("shop", "staging")
GROUPS = {"app": {**APP, "count": 2}}
EMPTY = {"name": "@", "data": "", "target": "", "ttl": None, "tag": None}
EMPTY |= dict.fromkeys(("priority", "port", "weight", "flags"))


def declared(*records: dict, **changes) -> dict:
    records = [{**EMPTY, **record} for record in records]
    domain = {"name": "example.com", "hosts": [], "target": "", "ttl": 300, "records": records}
    outside = {k: changes.pop(k) for k in ("reserved_ip", "load_balancer", "droplets") if k in changes}
    return {"droplets": GROUPS, **outside, "domain": {**domain, **changes}}


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"type": "A", "name": "WWW.Example.com.", "data": " 192.0.2.7 "}, {"name": "www", "data": "192.0.2.7"}),
        ({"type": "AAAA", "data": "2001:DB8:0::7"}, {"name": "@", "data": "2001:db8::7"}),
        ({"type": "CNAME", "name": "cdn", "data": "CDN.example.org"}, {"data": "cdn.example.org."}),
        ({"type": "CNAME", "name": "www", "data": "@"}, {"data": "example.com."}),
        ({"type": "MX", "data": "mail", "priority": 10}, {"data": "mail.example.com.", "priority": 10}),
        ({"type": "NS", "name": "lab", "data": "ns1.example.org."}, {"data": "ns1.example.org."}),
        ({"type": "TXT", "data": "v=spf1 Include:x -all"}, {"data": "v=spf1 Include:x -all"}),
        ({"type": "CAA", "data": "letsencrypt.org"}, {"data": "letsencrypt.org.", "flags": 0, "tag": "issue"}),
        ({"type": "CAA", "data": "mailto:a@b.c", "tag": "iodef"}, {"data": "mailto:a@b.c", "tag": "iodef"}),
        (
            {"type": "SRV", "name": "_sip._tcp", "data": "sip", "priority": 1, "port": 5060, "weight": 2},
            {"data": "sip.example.com.", "port": 5060},
        ),
    ],
)
def test_what_is_sent_and_what_comes_back_are_one(given, sent):
    asked = declared(given)
    assert form.problems(asked, NAMES) == []
    (record,) = form.wanted(asked, NAMES)
    request = body(record)
    assert request | sent | {"ttl": 300} == request
    answer = {**request, "id": 7, "data": request["data"].removesuffix(".")}
    assert current(answer, "example.com") == record
    if answer["data"] == "example.com":
        assert current({**answer, "data": "@"}, "example.com") == record


def test_records_that_point_to_something_of_ours_have_a_source_each():
    records = form.wanted(declared(hosts=["@", "api"]), NAMES)
    assert [(r.name, r.source, r.data) for r in records] == [
        (host, f"shop-staging-app{n}", "") for host in ("@", "api") for n in ("", "-2")
    ]
    assert records[0].shown()["data"] == "the address of shop-staging-app"


@pytest.mark.parametrize(
    ("changes", "target"),
    [
        ({}, "app"),
        ({"reserved_ip": {"droplets": "app"}}, "reserved_ip"),
        ({"reserved_ip": {"droplets": "app"}, "load_balancer": {"group": ""}}, "load_balancer"),
        ({"load_balancer": {"group": ""}, "target": "app"}, "app"),
        ({"droplets": {"edge": GROUPS["app"]}}, "edge"),
        ({"droplets": {"edge": GROUPS["app"], "db": GROUPS["app"]}}, ""),
    ],
)
def test_what_hosts_point_to(changes, target):
    assert form.target(declared(**changes)) == target


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (declared({"type": "A", "data": "192.0.2.300"}), "records[0] (A @): data: "),
        (declared({"type": "A", "data": "192.0.2.3", "target": "app"}), "either data or target"),
        (declared({"type": "A"}), "either data or target"),
        (declared({"type": "A", "target": "db"}), "'db' is not a group of droplets. There are: app"),
        (declared({"type": "A", "target": "reserved_ip"}), "there is no reserved_ip declared"),
        (declared({"type": "MX", "target": "app", "priority": 1}), "only A and AAAA"),
        (declared({"type": "MX", "data": "mail"}), "needs a priority"),
        (declared({"type": "MX", "data": "mail", "priority": 65536}), "from 0 to 65535"),
        (declared({"type": "TXT", "data": "x", "port": 1}), "a TXT record has no port"),
        (declared({"type": "CNAME", "name": "www", "data": "no host"}), "not a host's name"),
        (declared({"type": "CNAME", "data": "x.org"}), "cannot be an alias"),
        (declared({"type": "A", "name": "a b", "data": "192.0.2.3"}), "not a name in example.com"),
        (declared({"type": "A", "name": "www", "data": "192.0.2.3", "ttl": 5}), "5 is not from 30"),
        (declared(hosts=["w w"]), "domain.hosts: 'w w' is not a name"),
        (declared(hosts=["@"], droplets={}), "domain.target: what do the hosts point to?"),
        (declared(*[{"type": "TXT", "data": "x"}] * 2), "is there 2 times"),
        (declared({"type": "A", "name": "www", "data": "192.0.2.3", "ttl": 60}, hosts=["www"]), "must have one ttl"),
        (declared({"type": "CNAME", "name": "www", "data": "x.org"}, hosts=["www"]), "can have no other record"),
    ],
)
def test_bad_input_is_named(asked, words):
    problems = form.problems(asked, NAMES)
    assert any(words in problem for problem in problems), problems
    assert all(problem.startswith("domain") for problem in problems)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("v=spf1 include:x -all", "v=spf1"),
        ("v=DMARC1; p=none", "v=DMARC1"),
        ("google-site-verification=abc", "google-site-verification"),
        ("hello world", "hello"),
    ],
)
def test_texts_of_a_name_are_told_apart_by_their_kind(text, kind):
    assert Record("TXT", "@", text, 300).slot == ("TXT", "@", kind)
