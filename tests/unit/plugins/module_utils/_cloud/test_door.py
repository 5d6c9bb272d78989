# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.door import (
    LONGEST,
    Door,
    address_problem,
    find,
    open_tags,
    parse,
)
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names

NAMES = Names("shop", "staging")
UNTIL = 1_764_448_200  # 2025-11-29 20:30:00 UTC
ADDRESSES = ["203.0.113.7", "2001:db8::1", "2001:db8:1:2:3:4:5:6", "::fffe:0:1"]


def on_hosts():
    """The program that hosts read the same tags with."""
    path = Path(__file__).parents[5] / "roles/base/files/izzzi-ssh-door"
    loader = importlib.machinery.SourceFileLoader("izzzi_ssh_door", str(path))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def test_how_a_door_is_written():
    door = Door("203.0.113.7", UNTIL)
    assert door.tag(NAMES) == "izzzi-door:shop:staging:203-0-113-7:20251129T203000Z"
    assert door.firewall(NAMES) == "shop-staging-door-203-0-113-7-20251129T203000Z"
    assert door.end == "2025-11-29 20:30 UTC"


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_is_written_is_read_here_and_on_hosts(address):
    door = Door(address, UNTIL)
    assert parse(door.tag(NAMES), NAMES.door_tags) == door
    assert parse(door.tag(NAMES).lower(), NAMES.door_tags) == door  # the account keeps the first spelling
    assert parse(door.firewall(NAMES), NAMES.door_firewalls) == door
    assert on_hosts().parse(door.tag(NAMES), NAMES.door_tags) == (address, UNTIL)


@pytest.mark.parametrize(
    "tail", ["", "203-0-113-7", "203-0-113-7:tomorrow", "203-0-113-300:20251129T203000Z", "x:20251399T203000Z"]
)
def test_what_is_no_door_is_left_alone(tail):
    assert parse(NAMES.door_tags + tail, NAMES.door_tags) is None
    assert on_hosts().parse(NAMES.door_tags + tail, NAMES.door_tags) is None


def test_doors_of_others_are_not_ours():
    other = Door("203.0.113.7", UNTIL).tag(Names("shop", "production"))
    assert find([{"name": other}], [], NAMES) == []
    assert on_hosts().doors([other], NAMES.door_tags, UNTIL - 60) == {}


def test_halves_of_killed_runs_are_found():
    first, second = Door("203.0.113.7", UNTIL), Door("203.0.113.8", UNTIL + 60)
    tags = [{"name": second.tag(NAMES)}, {"name": "izzzi:shop:staging:web"}]
    firewalls = [{"id": "f1", "name": first.firewall(NAMES)}, {"id": "f2", "name": "shop-staging-fw-web"}]
    found = find(tags, firewalls, NAMES)
    assert [(one.door, one.tags, one.firewalls) for one in found] == [
        (first, [], ["f1"]),
        (second, [second.tag(NAMES)], []),
    ]
    assert open_tags(tags, NAMES, UNTIL) == [second.tag(NAMES)]
    assert open_tags(tags, NAMES, UNTIL + 60) == []


def test_hosts_let_in_until_the_end_and_nobody_for_longer_than_the_longest():
    door = on_hosts()
    tags = [Door("203.0.113.7", UNTIL).tag(NAMES), Door("203.0.113.7", UNTIL + 30).tag(NAMES), "web"]
    assert door.doors(tags, NAMES.door_tags, UNTIL - 60) == {"203.0.113.7": 90}
    assert door.doors(tags, NAMES.door_tags, UNTIL + 30) == {}
    assert door.doors(tags, NAMES.door_tags, UNTIL - LONGEST * 60 - 120) == {}
    assert door.LONGEST == LONGEST * 60 + 60  # a minute between two clocks


def test_hosts_write_both_families_at_once():
    assert on_hosts().rules({"203.0.113.7": 90, "2001:db8::1": 0}).splitlines() == [
        "flush set inet izzzi ssh_door_inet4",
        "flush set inet izzzi ssh_door_inet6",
        "add element inet izzzi ssh_door_inet6 { 2001:db8::1 timeout 1s }",
        "add element inet izzzi ssh_door_inet4 { 203.0.113.7 timeout 90s }",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "203.0.113.0/24",
        "localhost",
        "127.0.0.1",
        "::1",
        "0.0.0.0",
        "169.254.1.1",
        "::ffff:203.0.113.7",
        "::ffff:0:1",
    ],
)
def test_an_address_that_no_droplet_sees_is_refused(address):
    assert address_problem(address).startswith("address: ")


@pytest.mark.parametrize("address", ["203.0.113.7", "2001:db8::1", "10.0.0.5"])
def test_an_address_is_taken(address):
    assert address_problem(address) == ""


class Host:
    """nft and the metadata service of a host, as izzzi-ssh-door sees them."""

    def __init__(self, monkeypatch):
        self.door = on_hosts()
        self.tags: list[str] | OSError = []
        self.written: list[dict] = []
        self.takes = True
        monkeypatch.setattr(self.door, "read_tags", self._read)
        monkeypatch.setattr(self.door, "load", lambda wanted: self.written.append(wanted) or self.takes)
        monkeypatch.setattr(self.door.time, "time", lambda: UNTIL - 60)

    def _read(self):
        if isinstance(self.tags, OSError):
            raise self.tags
        return self.tags

    def look(self, before):
        return self.door.look(NAMES.door_tags, before)


def test_a_host_writes_at_its_start_while_a_door_is_open_and_when_it_closes(monkeypatch):
    host = Host(monkeypatch)
    known = host.look(None)
    assert (known, host.written) == ({}, [{}])
    assert host.look(known) == {}
    assert host.written == [{}], "nothing is written while nothing is open"
    host.tags = [Door("203.0.113.7", UNTIL).tag(NAMES)]
    known = host.look(known)
    assert host.look(known) == known == {"203.0.113.7": 60}
    host.tags = []
    assert host.look(known) == {}
    assert host.written == [{}, {"203.0.113.7": 60}, {"203.0.113.7": 60}, {}]


def test_a_host_without_metadata_leaves_the_closing_to_the_kernel(monkeypatch):
    host = Host(monkeypatch)
    host.tags = OSError("no route")
    assert host.look({"203.0.113.7": 60}) == {"203.0.113.7": 60}
    assert host.written == []


def test_a_host_whose_table_is_away_writes_again(monkeypatch):
    host = Host(monkeypatch)
    host.takes = False
    assert host.look({}) == {}
    assert host.look(None) is None
