# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses beside the two that every droplet has: IPv6, guarded like IPv4, and reserved IPs, which move at once."""

from __future__ import annotations

import pytest
from izzzi_sandbox.droplets.backend import Rule

from .cloud import Droplet, metadata, stranger_reaches, wait_until
from .machines import OPEN, Machines, guarded

IPV6 = "2001:db8:1::7e57"
RESERVED = "198.51.100.254"
LISTEN = "systemd-run --quiet --unit=listen-8001 python3 -m http.server --bind :: 8001"


@pytest.fixture(scope="module")
def server(pair: tuple[Droplet, Droplet]) -> Droplet:
    server = pair[0]
    server.run(LISTEN)
    wait_until(lambda: "8001" in server.run("ss -ltn"), "the server listens")
    yield server
    server.run("systemctl stop listen-8001")


@pytest.fixture
def with_ipv6(machines: Machines, server: Droplet):
    machines.backend.enable_ipv6(machines.change(server, public_ipv6=IPV6))
    yield server
    machines.backend.enable_ipv6(machines.change(server, public_ipv6=""))
    machines.backend.apply_firewall(server.id, OPEN)


def test_a_droplet_has_no_ipv6_until_it_is_asked_for(server):
    assert server.run("ip -6 address show scope global") == ""


def test_an_ipv6_address_is_reached_from_outside(with_ipv6):
    assert f"{IPV6}/64" in with_ipv6.run("ip -6 address show scope global")
    assert with_ipv6.run("ip -6 route show default").startswith("default via 2001:db8:1::1 ")
    assert stranger_reaches(IPV6, 8001)


def test_a_cloud_firewall_guards_ipv6_like_ipv4(machines, with_ipv6):
    machines.backend.apply_firewall(with_ipv6.id, guarded())
    assert not stranger_reaches(IPV6, 8001)
    assert not stranger_reaches(with_ipv6.public, 8001)
    assert stranger_reaches(IPV6, 22)
    machines.backend.apply_firewall(with_ipv6.id, guarded(Rule("tcp", 8001, 8001, ("::/0",))))
    assert stranger_reaches(IPV6, 8001)
    assert not stranger_reaches(with_ipv6.public, 8001), "the rule names IPv6 only"


def test_a_reserved_ip_moves_at_once(machines, pair, server):
    first, second = pair
    assert not stranger_reaches(RESERVED, 22)
    machines.backend.assign_reserved_ip(RESERVED, first.id)
    machines.change(first, reserved_ip=RESERVED)
    assert answers_at_the_reserved_ip() == first.run("hostname")
    machines.backend.assign_reserved_ip(RESERVED, second.id)
    machines.change(first, reserved_ip="")
    machines.change(second, reserved_ip=RESERVED)
    assert answers_at_the_reserved_ip() == second.run("hostname")
    machines.backend.power_off(second.id)
    machines.backend.power_on(second.id, OPEN)
    second.wait_for_ssh()
    assert answers_at_the_reserved_ip() == second.run("hostname"), "a boot brings it back"
    machines.backend.unassign_reserved_ip(RESERVED, second.id)
    machines.change(second, reserved_ip="")
    assert not stranger_reaches(RESERVED, 22)


def answers_at_the_reserved_ip() -> str:
    return Droplet(0, RESERVED, "").run("hostname")


def test_a_reserved_ip_is_in_the_metadata(machines, server):
    machines.backend.assign_reserved_ip(RESERVED, server.id)
    assert metadata(server)["reserved_ip"] == {"ipv4": {"active": True, "ip_address": RESERVED}}
    machines.backend.unassign_reserved_ip(RESERVED, server.id)
    assert metadata(server)["reserved_ip"] == {"ipv4": {"active": False}}
