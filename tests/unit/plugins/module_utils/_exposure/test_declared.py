# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.values import Port, published
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.declared import Published
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.reach import Reach

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


def both(firewalls=FIREWALLS, rules=RULES) -> list[Reach]:
    return exposure.intersect(declared.of_cloud(firewalls), declared.of_host(rules))


def test_both_walls_must_let_a_packet_in():
    assert exposure.words(both()) == [
        "icmp open to everybody",
        "22/tcp open to 203.0.113.7/32",
        "80/tcp open to everybody",
    ]


def test_members_reach_what_the_host_lets_them():
    rules = [*RULES, {"name": "database", "protocol": "tcp", "ports": [5432], "sources": ["10.20.0.0/16"]}]
    assert "5432/tcp open to members from 10.20.0.0/16" in exposure.words(both(rules=rules))
    assert "5432/tcp open to members of the environment" in exposure.words(declared.of_cloud(FIREWALLS))


def test_without_a_firewall_the_cloud_lets_everything_in():
    assert "22/tcp open to everybody" in exposure.words(both(firewalls={}))
    assert exposure.words(declared.of_cloud({})) == [
        "icmp open to everybody",
        "every tcp port open to everybody",
        "every udp port open to everybody",
    ]


def test_a_firewall_without_inbound_rules_closes():
    assert declared.of_cloud({"out": {"outbound": []}}) == []


def test_ipv4_and_ipv6_are_told_apart():
    only_4 = {"web": {"inbound": [{"protocol": "tcp", "ports": "80", "sources": {"addresses": ["0.0.0.0/0"]}}]}}
    assert exposure.words(both(firewalls=only_4)) == ["80/tcp open to everybody (IPv4)"]
    assert exposure.words(exposure.subtract(both(), both(firewalls=only_4)))[-1] == "80/tcp open to everybody (IPv6)"


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
    assert exposure.words(exposure.subtract(declared.of_cloud(more), declared.of_cloud(FIREWALLS))) == [line]
    assert exposure.subtract(declared.of_cloud(FIREWALLS), declared.of_cloud(more)) == []


def test_a_group_is_no_wider_than_the_members_it_belongs_to():
    members = declared.of_cloud(FIREWALLS)
    group = declared.of_cloud(
        {"x": {"inbound": [{"protocol": "tcp", "ports": "5432", "sources": {"groups": ["web"]}}]}}
    )
    assert exposure.subtract(group, members) == []
    assert exposure.words(exposure.subtract(members, group))[0] == "icmp open to everybody"


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
    wanted = exposure.simplify(declared.of_cloud(FIREWALLS))
    assert exposure.simplify(declared.of_account(rows, "izzzi:a:dev")) == wanted
    foreign = [{"inbound_rules": [{"protocol": "tcp", "ports": "0", "sources": {"droplet_ids": [7], "tags": ["x"]}}]}]
    assert exposure.words(declared.of_account(foreign, "izzzi:a:dev")) == [
        "every tcp port open to droplet 7",
        "every tcp port open to tag x",
    ]


def test_published_ports_have_the_engines_default_address_and_those_that_docker_chooses_are_any():
    ports = [("s", Port("", 1, 1, 1)), ("s", Port("::1", 2, 3, 2, "udp")), ("t", Port("", 0, 0, 80))]
    assert declared.published(ports, "127.0.0.1") == [
        Published("s", "tcp", 1, 1, "127.0.0.1"),
        Published("s", "udp", 2, 3, "::1"),
        Published("t", "tcp", 32768, 60999, "127.0.0.1"),
    ]


def test_only_what_is_published_beyond_loopback_answers():
    services = {
        "inside": {"ports": ["127.0.0.1:80:80"]},
        "four": {"ports": ["0.0.0.0:80:80"]},
        "closed": {"ports": ["5432:5432"]},
    }
    answered = declared.answered(both(), declared.published(published(services)))
    assert exposure.words(answered) == ["80/tcp open to everybody (IPv4)"]


@pytest.mark.parametrize("text", ["", "x", "0-5", "9-1", "70000", "-1", "1-", "²"])
def test_bad_ports_are_refused(text):
    with pytest.raises(ValueError, match="is not a port"):
        declared.ports(text)


def test_bad_publications_are_refused_by_name():
    with pytest.raises(ValueError, match="service web: 'no' is not"):
        list(published({"web": {"ports": ["no"]}}))
