from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.reach import ANYBODY, MEMBERS, Published, Reach
from hypothesis import given, settings
from hypothesis import strategies as st

ALLOWED = "203.0.113.7/32"
OPEN = {"addresses": ["0.0.0.0/0", "::/0"]}
FIREWALLS = {
    "web": {"inbound": [{"protocol": "tcp", "ports": "80", "sources": OPEN}, {"protocol": "icmp", "sources": OPEN}]},
    "internal": {"inbound": [{"protocol": "tcp", "ports": "5432", "sources": {"members": True}}]},
    "management": {"inbound": [{"protocol": "tcp", "ports": "22", "sources": {"addresses": [ALLOWED]}}]},
}
RULES = [
    {"name": "SSH", "protocol": "tcp", "ports": [22]},
    {"name": "web", "protocol": "tcp", "ports": [80, "8000-8009"]},
]


def declared(firewalls=FIREWALLS, rules=RULES) -> list[Reach]:
    return exposure.both(exposure.of_cloud(firewalls), exposure.of_host(rules))


def test_both_walls_must_let_a_packet_in():
    assert exposure.words(declared()) == [
        "icmp open to everybody",
        "22/tcp open to 203.0.113.7/32",
        "80/tcp open to everybody",
    ]


def test_members_reach_what_the_host_lets_them():
    rules = [*RULES, {"name": "database", "protocol": "tcp", "ports": [5432], "sources": ["10.20.0.0/16"]}]
    assert "5432/tcp open to members from 10.20.0.0/16" in exposure.words(declared(rules=rules))
    assert "5432/tcp open to members of the environment" in exposure.words(exposure.of_cloud(FIREWALLS))


def test_without_a_firewall_the_cloud_lets_everything_in():
    assert "22/tcp open to everybody" in exposure.words(declared(firewalls={}))
    assert exposure.words(exposure.of_cloud({})) == [
        "icmp open to everybody",
        "every tcp port open to everybody",
        "every udp port open to everybody",
    ]


def test_a_firewall_without_inbound_rules_closes():
    assert exposure.of_cloud({"out": {"outbound": []}}) == []


def test_ipv4_and_ipv6_are_told_apart():
    only_4 = {"web": {"inbound": [{"protocol": "tcp", "ports": "80", "sources": {"addresses": ["0.0.0.0/0"]}}]}}
    assert exposure.words(declared(firewalls=only_4)) == ["80/tcp open to everybody (IPv4)"]
    assert (
        exposure.words(exposure.wider(declared(), declared(firewalls=only_4)))[-1] == "80/tcp open to everybody (IPv6)"
    )


@pytest.mark.parametrize(
    ("rule", "line"),
    [
        ({"protocol": "tcp", "ports": "5432", "sources": OPEN}, "5432/tcp open to everybody"),
        ({"protocol": "udp", "ports": "53", "sources": {"groups": ["web"]}}, "53/udp open to group web"),
        (
            {"protocol": "tcp", "ports": "8000-8009", "sources": {"addresses": [ALLOWED]}},
            "8000-8009/tcp open to " + ALLOWED,
        ),
    ],
)
def test_a_new_rule_is_wider_and_named(rule, line):
    more = {**FIREWALLS, "debug": {"inbound": [rule]}}
    assert exposure.words(exposure.wider(exposure.of_cloud(more), exposure.of_cloud(FIREWALLS))) == [line]
    assert exposure.wider(exposure.of_cloud(FIREWALLS), exposure.of_cloud(more)) == []


def test_a_group_is_no_wider_than_the_members_it_belongs_to():
    members = exposure.of_cloud(FIREWALLS)
    group = exposure.of_cloud(
        {"x": {"inbound": [{"protocol": "tcp", "ports": "5432", "sources": {"groups": ["web"]}}]}}
    )
    assert exposure.wider(group, members) == []
    assert exposure.words(exposure.wider(members, group))[0] == "icmp open to everybody"


def test_the_accounts_rules_read_as_the_declared_ones():
    rows = [
        {
            "inbound_rules": [
                {"protocol": "tcp", "ports": "80", "sources": OPEN},
                {"protocol": "icmp", "ports": "0", "sources": OPEN},
                {"protocol": "tcp", "ports": "22", "sources": {"addresses": [ALLOWED]}},
                {"protocol": "tcp", "ports": "5432", "sources": {"tags": ["izzzi:a:dev"]}},
            ]
        }
    ]
    assert exposure.compact(exposure.of_account(rows, "izzzi:a:dev")) == exposure.compact(exposure.of_cloud(FIREWALLS))
    foreign = [{"inbound_rules": [{"protocol": "tcp", "ports": "0", "sources": {"droplet_ids": [7], "tags": ["x"]}}]}]
    assert exposure.words(exposure.of_account(foreign, "izzzi:a:dev")) == [
        "every tcp port open to droplet 7",
        "every tcp port open to tag x",
    ]


@pytest.mark.parametrize(
    ("port", "published"),
    [
        ("127.0.0.1:8080:80", Published("s", "tcp", 8080, 8080, "127.0.0.1")),
        ("8080:80", Published("s", "tcp", 8080, 8080, "")),
        ("[::]:53:53/udp", Published("s", "udp", 53, 53, "::")),
        ("0.0.0.0:8000-8002:80-82", Published("s", "tcp", 8000, 8002, "0.0.0.0")),
        ("80", Published("s", "tcp", 32768, 60999, "")),
        (80, Published("s", "tcp", 32768, 60999, "")),
        ("10.0.0.5::80", Published("s", "tcp", 32768, 60999, "10.0.0.5")),
        ({"target": 80, "published": "8080", "host_ip": "10.0.0.5"}, Published("s", "tcp", 8080, 8080, "10.0.0.5")),
    ],
)
def test_published_ports(port, published):
    assert exposure.published({"s": {"ports": [port]}, "quiet": {}}) == [published]


def test_the_engines_default_address_is_that_of_ports_without_one():
    assert exposure.published({"s": {"ports": ["1:1", "[::1]:2:2"]}}, "127.0.0.1") == [
        Published("s", "tcp", 1, 1, "127.0.0.1"),
        Published("s", "tcp", 2, 2, "::1"),
    ]


def test_only_what_is_published_beyond_loopback_answers():
    services = {
        "inside": {"ports": ["127.0.0.1:80:80"]},
        "four": {"ports": ["0.0.0.0:80:80"]},
        "closed": {"ports": ["5432:5432"]},
    }
    answered = exposure.narrowed(declared(), exposure.published(services))
    assert exposure.words(answered) == ["80/tcp open to everybody (IPv4)"]


def test_who_is_let_in():
    rules = [*RULES, {"name": "database", "protocol": "tcp", "ports": [5432], "sources": ["10.20.0.0/16"]}]
    boxes = declared(rules=rules)
    stranger = exposure.lets_in(boxes, "tcp", "198.51.100.9", [])
    assert [port for port in (22, 80, 443, 5432) if stranger(port)] == [80]
    assert exposure.lets_in(boxes, "tcp", "203.0.113.7", [])(22)
    assert exposure.lets_in(boxes, "tcp", "10.20.0.9", [MEMBERS])(5432)
    assert not exposure.lets_in(boxes, "tcp", "10.20.0.9", [])(5432)
    assert not exposure.lets_in(boxes, "udp", "10.20.0.9", [MEMBERS])(5432)
    assert exposure.lets_in(boxes, "tcp", "2001:db8::1", [])(80)


@pytest.mark.parametrize("text", ["", "x", "0-5", "9-1", "70000", "-1", "1-", "²"])
def test_bad_ports_are_refused(text):
    with pytest.raises(ValueError, match="is not a port"):
        exposure.ports(text)


def test_bad_publications_are_refused_by_name():
    with pytest.raises(ValueError, match="service web: 'no' is not"):
        exposure.published({"web": {"ports": ["no"]}})


# -- the algebra, point by point

NETWORKS = [ip_network(n) for n in ("0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.20.0.4/32", "::/0", "fd00::/8")]
ADDRESSES = [ip_address(a) for a in ("8.8.8.8", "10.1.0.1", "10.20.0.4", "10.20.0.5", "2001:db8::1", "fd00::1")]
KINDS = [ANYBODY, MEMBERS, "group web"]
BOXES = st.builds(
    lambda protocol, ends, network, who: Reach(protocol, min(ends), max(ends), network, who),
    st.sampled_from(["tcp", "udp"]),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(NETWORKS),
    st.sampled_from(KINDS),
)
LISTS = st.lists(BOXES, max_size=5)
# Whoever is in a group is a member too.
IDENTITIES = [set(), {MEMBERS}, {MEMBERS, "group web"}]


def points(boxes: list[Reach]) -> set[tuple]:
    return {
        (protocol, port, address, len(who))
        for protocol in ("tcp", "udp")
        for address in ADDRESSES
        for who in IDENTITIES
        for port in filter(exposure.lets_in(boxes, protocol, str(address), who), range(1, 10))
    }


@settings(max_examples=40, deadline=None)
@given(LISTS)
def test_compact_changes_no_point(boxes):
    assert points(exposure.compact(boxes)) == points(boxes)
    assert exposure.compact(exposure.compact(boxes)) == exposure.compact(boxes)


@settings(max_examples=40, deadline=None)
@given(LISTS, LISTS)
def test_both_is_the_intersection(a, b):
    assert points(exposure.both(a, b)) == points(a) & points(b)


@settings(max_examples=40, deadline=None)
@given(LISTS, LISTS)
def test_wider_finds_every_new_point_and_nothing_when_there_is_none(after, before):
    new = points(after) - points(before)
    found = exposure.wider(after, before)
    assert new <= points(found) <= points(after)
    assert exposure.wider(before, before) == []
    assert exposure.wider(before, [*before, *after]) == []


@settings(max_examples=40, deadline=None)
@given(LISTS)
def test_rows_keep_everything(boxes):
    assert exposure.from_rows(exposure.rows(boxes)) == exposure.compact(boxes)
