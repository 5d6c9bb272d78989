# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.record import owner
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.sandbox_api import context

NAMES = Names("shop", "staging")
OURS, THEIRS = "izzzi:shop:staging", "izzzi:shop:production"


def droplet(address: str, *tags: str) -> dict:
    private = {"type": "private", "ip_address": "10.0.0.1"}
    return {"networks": {"v4": [private, {"type": "public", "ip_address": address}]}, "tags": list(tags)}


def row(id: int, kind: str, name: str, data: str, **more) -> dict:
    return {"id": id, "type": kind, "name": name, "data": data, "ttl": 300, **more}


ACCOUNT = {
    "droplets": [droplet("192.0.2.1", OURS, f"{OURS}:web"), droplet("192.0.2.2", THEIRS), droplet("192.0.2.3")],
    "load_balancers": [{"ip": "192.0.2.4", "tag": f"{THEIRS}:web"}],
    "reserved_ips": [{"ip": "192.0.2.5", "droplet": {"tags": [OURS]}}, {"ip": "192.0.2.6", "droplet": None}],
}
ROWS = [
    row(1, "A", "@", "192.0.2.1"),
    row(2, "A", "www", "192.0.2.2"),
    row(3, "A", "old", "192.0.2.3"),
    row(4, "A", "lb", "192.0.2.4"),
    row(5, "A", "ip", "192.0.2.5"),
    row(6, "A", "free", "192.0.2.6"),
    row(7, "MX", "@", "mail.example.org", priority=10),
    row(8, "TXT", "@", "v=spf1 -all"),
    row(9, "TXT", "@", "google-site-verification=abc"),
    row(10, "TXT", "_izzzi.shop-staging", f"{OURS} owns MX:@:7 TXT:@:8"),
    row(11, "NS", "@", "ns1.digitalocean.com"),
    row(12, "SOA", "@", "1800"),
]


def test_a_record_belongs_to_what_it_points_to_or_to_whose_register_names_it():
    owners = owner.owners(ROWS, "example.com", ACCOUNT)
    assert owners == {1: OURS, 2: THEIRS, 4: THEIRS, 5: OURS, 7: OURS, 8: OURS, 10: OURS}
    assert owner.shares(NAMES, ROWS, "example.com", ACCOUNT)
    assert not owner.shares(NAMES, ROWS[:1], "example.com", ACCOUNT)


def test_what_points_to_an_address_that_is_marked_as_ours_is_ours_though_it_is_on_nothing():
    account = {**ACCOUNT, "tags": [{"name": f"{THEIRS}:ip:192-0-2-6"}, {"name": "web"}]}
    assert owner.owners(ROWS, "example.com", account)[6] == THEIRS


def test_a_claim_is_about_one_record_and_not_about_a_name():
    """A run that failed has made none; whoever makes one of that name later keeps it."""
    claimed = row(10, "TXT", "_izzzi.shop-staging", f"{OURS} owns SRV:_imap._tcp:7")
    theirs = row(8, "SRV", "_imap._tcp", "mail.example.org", priority=0, weight=0, port=143)
    assert 8 not in owner.owners([claimed, theirs], "example.com", {"droplets": []})


def test_the_domains_own_records():
    assert [row["id"] for row in ROWS if owner.is_the_domains_own(row)] == [11, 12]


def test_leftover_is_what_is_ours_and_not_declared():
    domain = {"name": "example.com", "hosts": ["@"], "target": "", "ttl": 300, "records": []}
    present = owner.leftover(context(domain=domain), "example.com", ROWS, ACCOUNT)
    assert [row["id"] for row in present] == [5, 7, 8, 10]
    gone = owner.leftover(context(domain=domain, state="absent"), "example.com", ROWS, ACCOUNT)
    assert [row["id"] for row in gone] == [1, 5, 7, 8, 10]


def test_absent_takes_what_is_as_declared_even_when_nothing_says_whose_it_is():
    record = {"type": "MX", "data": "mail.example.org", "priority": 10}
    record |= {"name": "@", "target": "", "ttl": None, "tag": None, "port": None, "weight": None, "flags": None}
    domain = {"name": "example.com", "hosts": [], "target": "", "ttl": 300, "records": [record]}
    account = {"droplets": []}
    gone = owner.leftover(context(domain=domain, state="absent"), "example.com", ROWS[6:7], account)
    assert [row["id"] for row in gone] == [7]


def test_the_owner_among_tags():
    assert owner.owner_of(["web", f"{OURS}:web", OURS]) == OURS
    assert owner.owner_of(["project:izzzi", "izzzi:x"]) == ""


WORD = st.text(alphabet="abcxyz-_0*.", min_size=1, max_size=40)
CLAIMS = st.sets(st.tuples(st.sampled_from(["A", "MX", "TXT"]), WORD, st.integers(1, 10**10)), max_size=30)


@given(CLAIMS)
def test_a_register_says_what_was_written_into_it(claims):
    lines = owner.register_lines(claims, NAMES)
    assert all(len(line) <= 255 for line in lines)
    rows = [row(n, "TXT", owner.register_name(NAMES), line) for n, line in enumerate(lines)]
    assert owner.registered(rows) == {id: OURS for _kind, _name, id in claims}
