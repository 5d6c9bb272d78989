# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.firewall_rules import admits, problems

SSH = {"name": "SSH", "protocol": "tcp", "ports": ["22"], "sources": ["10.0.0.0/8", "2001:db8::/32"]}


def test_good_rules_have_no_problem():
    assert problems([SSH, {"name": "web", "protocol": "tcp", "ports": [80, "8000-9000"]}]) == []


@pytest.mark.parametrize("port", ["80/tcp,443", -1, 0, 70000, "ssh", "9000-8000", "22; accept", "", None])
def test_a_port_that_is_none_is_named(port):
    (problem,) = problems([{**SSH, "ports": [port]}])
    assert f"port {port!r}" in problem


@pytest.mark.parametrize("source", ["0.0.0.0/33", "10.0.0.1/8", "everyone", "10.0.0.0/8, 0.0.0.0/0", "::1/129"])
def test_a_source_that_is_no_network_is_named(source):
    (problem,) = problems([{**SSH, "sources": [source]}])
    assert repr(source) in problem


@pytest.mark.parametrize("name", ['x" accept', "a\nb", ""])
def test_a_name_cannot_leave_its_quotes(name):
    assert problems([{**SSH, "name": name}])


@pytest.mark.parametrize(
    ("port", "address", "admitted"),
    [
        (22, "10.1.2.3", True),
        (22, "203.0.113.7", False),
        (22, "2001:db8::1", True),
        (22, "fe80::1%eth0", False),
        (2222, "10.1.2.3", False),
        (22, "", True),
    ],
)
def test_whether_an_address_reaches_a_port(port, address, admitted):
    assert admits([SSH], port, address) is admitted


def test_ranges_and_rules_for_everybody_count():
    assert admits([{"name": "all", "protocol": "tcp", "ports": ["20-30"]}], 22, "203.0.113.7")
    assert not admits([{"name": "all", "protocol": "udp", "ports": ["20-30"]}], 22, "203.0.113.7")
