# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.vantage import addresses, report, scan_arguments

NETWORKS = {
    "v4": [{"ip_address": "203.0.113.9", "type": "public"}, {"ip_address": "10.20.0.2", "type": "private"}],
    "v6": [{"ip_address": "2001:db8::9", "type": "public"}],
}


def look(name: str, **more) -> dict:
    return {"name": name, "networks": NETWORKS, "reach": [name], "connection": "198.51.100.1 5 203.0.113.9 22", **more}


LOOKS = [look("app"), look("worker")]


def tried(host: str, **more) -> list[tuple[str, str, str]]:
    targets = scan_arguments(LOOKS, host, **more)["targets"]
    return [(target["name"], target["address"], target["source"]) for target in targets]


@pytest.mark.parametrize(
    ("networks", "kinds", "found"),
    [
        (NETWORKS, ["public"], ["203.0.113.9", "2001:db8::9"]),
        (NETWORKS, ["private"], ["10.20.0.2"]),
        (NETWORKS, ["public", "private"], ["203.0.113.9", "2001:db8::9", "10.20.0.2"]),
        ({}, ["public"], []),
        ({"v6": None}, ["public"], []),
    ],
)
def test_addresses_are_those_of_a_kind(networks, kinds, found):
    assert addresses(networks, kinds) == found


def test_this_machine_tries_public_addresses_and_knows_as_whom_it_is_seen():
    assert tried("localhost", in_vpc=True) == [
        ("app", "203.0.113.9", "198.51.100.1"),
        ("app", "2001:db8::9", ""),
        ("worker", "203.0.113.9", "198.51.100.1"),
        ("worker", "2001:db8::9", ""),
    ]


@pytest.mark.parametrize(
    ("connection", "sources"), [("2001:db8::1 5 x 22", {"", "2001:db8::1"}), ("", {""}), (None, {""})]
)
def test_a_source_is_of_the_family_of_its_target(connection, sources):
    targets = scan_arguments([look("app", connection=connection)], "localhost")["targets"]
    assert {target["source"] for target in targets} == sources
    assert all((":" in target["source"]) <= (":" in target["address"]) for target in targets)


def test_a_droplet_tries_every_address_of_the_others():
    every = [("worker", address, "") for address in addresses(NETWORKS, ["public", "private"])]
    assert tried("app") == every
    told = scan_arguments(LOOKS, "app", ["droplets", "web"])
    assert told["vantage"] == "app"
    assert told["who"] == ["members", "group droplets", "group web"]
    assert {str(target["reach"]) for target in told["targets"]} == {"['worker']"}


@pytest.mark.parametrize(("in_vpc", "count"), [(False, 4), (True, 6)])
def test_a_stranger_is_in_no_vpc_unless_it_says_so(in_vpc, count):
    told = scan_arguments(LOOKS, "laptop", ["vantage"], in_vpc)
    assert (told["who"], len(told["targets"])) == ([], count)


def test_an_only_droplet_has_nobody_to_try():
    assert scan_arguments([look("app")], "app")["targets"] == []


def test_the_report_has_every_line_of_every_host():
    scans = {
        "localhost": {"probes": 7, "differences": ["a"], "unrouted": ["app 2001:db8::9"]},
        "app": {"skipped": True},
        "laptop": {},
    }
    found = report(scans, {"app": {"differences": ["b"]}}, ["c"])
    assert found["differences"] == ["a", "b", "c"]
    assert found["tried"] == [
        "this machine: 7 ports tried, no way to app 2001:db8::9",
        "app: 0 ports tried",
        "laptop: 0 ports tried",
    ]


@pytest.mark.parametrize("missing", [{}, {"unreachable": True}])
def test_a_droplet_that_was_not_looked_at_is_a_difference(missing):
    assert "app: it could not be looked at from within" in report({}, {"app": missing}, [])["differences"][0]
    assert report({}, {"app": {"differences": []}}, [])["differences"] == []
