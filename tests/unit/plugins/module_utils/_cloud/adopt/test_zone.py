# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import itertools

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.zone import declare, pick
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems

from tests.unit.adopted import droplet, ours
from tests.unit.sandbox_api import row

SOURCES = {"203.0.113.1": "app", "203.0.113.2": "app", "203.0.113.3": "db", "203.0.113.4": "reserved_ip"}
PRODUCTION = row(
    id=9, name="x", tags=["izzzi:shop:production"], networks={"v4": [{"type": "public", "ip_address": "203.0.113.9"}]}
)
GROUPS = {"app": {"count": 2}, "db": {"count": 1}}
numbers = itertools.count(1)


def record(kind: str, name: str, data: str, ttl: int = 1800, **more) -> dict:
    return {"id": next(numbers), "type": kind, "name": name, "data": data, "ttl": ttl, **more}


def declared(*rows: dict, **more) -> Adoption:
    adoption = Adoption(declared={"droplets": GROUPS, "reserved_ip": {"droplets": "app"}})
    account = ours(droplet(1, "app"), droplet(2, "app-2"), droplet(3, "db"), others=(PRODUCTION,), **more)
    soa = record("SOA", "@", "1800"), record("NS", "@", "ns1.digitalocean.com")
    declare(account, "shop.test", [*soa, *rows], SOURCES, adoption)
    return adoption


APEX = record("A", "@", "203.0.113.4"), record("A", "www", "203.0.113.4")


def test_names_point_to_what_has_their_addresses():
    rows = [record("A", "all", "203.0.113.1"), record("A", "all", "203.0.113.2"), record("A", "db", "203.0.113.3", 60)]
    half = record("A", "half", "203.0.113.2"), record("A", "half", "192.0.2.1")
    adoption = declared(*APEX, *rows, *half)
    assert adoption.declared["domain"] == {
        "name": "shop.test",
        "hosts": ["@", "www"],
        "ttl": 1800,
        "records": [
            {"type": "A", "name": "all", "target": "app"},
            {"type": "A", "name": "db", "target": "db", "ttl": 60},
            {"type": "A", "name": "half", "data": "203.0.113.2"},
            {"type": "A", "name": "half", "data": "192.0.2.1"},
        ],
    }
    assert "half A of shop.test is declared by its addresses" in adoption.assumed[0]
    assert adoption.served == ["shop.test", "www.shop.test"]


def test_what_else_is_in_a_domain_of_ours():
    rest = record("MX", "@", "mail.shop.test", priority=10), record("TXT", "@", "v=spf1 -all", 300)
    alias, odd = record("CNAME", "blog", "blog.host.test"), record("CAA", "@", ";", tag="issue", flags=0)
    adoption = declared(*APEX, *rest, alias, odd, record("HTTPS", "@", "1 ."), record("A", "old", "203.0.113.9"))
    assert adoption.declared["domain"]["records"] == [
        {"type": "MX", "name": "@", "data": "mail.shop.test", "priority": 10},
        {"type": "TXT", "name": "@", "data": "v=spf1 -all", "ttl": 300},
        {"type": "CNAME", "name": "blog", "data": "blog.host.test"},
    ]
    told = "\n".join(adoption.todo)
    assert "the record @ CAA of shop.test is not declared and stays as it is: " in told
    assert (
        "the record @ HTTPS of shop.test is not declared and stays as it is: a declaration has no HTTPS records" in told
    )
    assert not any("old" in str(one) for one in adoption.declared["domain"]["records"]), "production's address"


def test_a_domain_that_others_use_keeps_what_is_not_ours():
    register = record("TXT", "_izzzi.shop-production", "izzzi:shop:production owns A:@:1")
    mine = record("A", "staging", "203.0.113.1"), record("A", "staging", "203.0.113.2")
    for theirs in (record("A", "@", "203.0.113.9"), register):
        adoption = declared(*mine, theirs, record("MX", "@", "mail.shop.test", priority=10))
        domain = adoption.declared["domain"]
        assert (domain["hosts"], domain["target"], domain.get("records")) == (["staging"], "app", None)
        assert "stay as they are and are not declared: @ MX" in adoption.found[-1]
        assert adoption.served == ["staging.shop.test"]
    alone = declared(*mine, record("MX", "@", "mail.shop.test", priority=10))
    assert alone.declared["domain"]["records"][0]["type"] == "MX"


def test_an_alias_of_the_domain_is_a_name_of_visitors():
    assert declared(APEX[0], record("CNAME", "www", "@")).served == ["shop.test", "www.shop.test"]


def test_which_domain():
    account = ours(droplet(1, "app"), domains=[{"name": "shop.test"}, {"name": "b.test"}, {"name": "c.test"}])
    there = {"shop.test": [record("A", "@", "203.0.113.1")], "b.test": [record("A", "x", "203.0.113.3")], "c.test": []}
    assert pick(account, {"c.test": []}, "", SOURCES) == ""
    assert pick(account, there, "www.shop.test", SOURCES) == "shop.test"
    with pytest.raises(Problems, match=r"names of several domains lead to shop-staging: b.test, shop.test"):
        pick(account, there, "", SOURCES)
    with pytest.raises(
        Problems, match=r"no record of c.test in this account leads to shop-staging; the account holds b"
    ):
        pick(account, there, "c.test", SOURCES)
