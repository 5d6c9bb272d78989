# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A door lets one address use SSH until a time. It has no file and no state: a tag of the droplets says both, for the
hosts, and a cloud firewall applies to that tag. See docs/decisions/0032-a-door-for-ci.md. Pure."""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from .account import Row
from .names import Names

STAMP = "%Y%m%dT%H%M%SZ"
TAIL = re.compile(r"(?P<address>[0-9a-f-]+)(?P<separator>[:-])(?P<until>\d{8}t\d{6}z)", re.IGNORECASE)
LONGEST = 180  # minutes; hosts take no door that stays open longer: roles/base/files/izzzi-ssh-door


@dataclass(frozen=True)
class Door:
    """`until` is in seconds since the epoch."""

    address: str
    until: int

    def tag(self, names: Names) -> str:
        return f"{names.door_tags}{self._written}:{self.stamp}"

    def firewall(self, names: Names) -> str:
        """Return the firewall's name, which is what a plan calls the door, too."""
        return f"{names.door_firewalls}{self._written}-{self.stamp}"

    @property
    def stamp(self) -> str:
        return time.strftime(STAMP, time.gmtime(self.until))

    @property
    def _written(self) -> str:
        """Return the address without what no tag can have."""
        return self.address.replace(".", "-").replace(":", "-")

    @property
    def end(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(self.until))

    def is_over(self, now: float) -> bool:
        return self.until <= now


@dataclass
class Found:
    """What the account has of a door."""

    door: Door
    tags: list[str] = field(default_factory=list)
    firewalls: list[str] = field(default_factory=list)  # ids

    @property
    def is_whole(self) -> bool:
        return bool(self.tags and self.firewalls)


def parse(text: str, prefix: str) -> Door | None:
    """Return the door that a tag or the name of a firewall says."""
    if not text.lower().startswith(prefix.lower()) or not (match := TAIL.fullmatch(text[len(prefix) :])):
        return None
    try:
        until = calendar.timegm(time.strptime(match["until"].upper(), STAMP))
    except ValueError:
        return None
    for separator in ".:":
        try:
            return Door(str(ip_address(match["address"].lower().replace("-", separator))), until)
        except ValueError:
            continue
    return None


def find(tags: list[Row], firewalls: list[Row], names: Names) -> list[Found]:
    """Return the environment's doors, also half ones, which a run has left that was killed. The one that ends first is
    the first."""
    found: dict[Door, Found] = {}
    for row in tags:
        if door := parse(row["name"], names.door_tags):
            found.setdefault(door, Found(door)).tags.append(row["name"])
    for row in firewalls:
        if door := parse(row["name"], names.door_firewalls):
            found.setdefault(door, Found(door)).firewalls.append(row["id"])
    return sorted(found.values(), key=lambda one: (one.door.until, one.door.address))


def is_open(text: str, prefix: str, now: float) -> bool:
    """Return whether a tag or the name of a firewall says a door that is open now."""
    door = parse(text, prefix)
    return door is not None and not door.is_over(now)


def open_tags(tags: list[Row], names: Names, now: float) -> list[str]:
    return [row["name"] for row in tags if is_open(row["name"], names.door_tags, now)]


def firewall_body(door: Door, port: int, names: Names) -> dict[str, Any]:
    rule = {"protocol": "tcp", "ports": str(port), "sources": {"addresses": [door.address]}}
    return {"name": door.firewall(names), "inbound_rules": [rule], "outbound_rules": [], "tags": [door.tag(names)]}


def address_problem(text: str) -> str:
    """Say what is wrong with the address of a caller. Return an empty text when nothing is."""
    try:
        address = ip_address(text)
    except ValueError:
        return f"address: {text!r} is no address. Give one, such as 203.0.113.7."
    is_local = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local
    # An IPv4 address in IPv6's form: Python 3.13 writes it with dots, which a tag cannot tell from colons.
    if is_local or getattr(address, "ipv4_mapped", None):
        return f"address: {text} is none that droplets see. Give the one that this machine has on the internet."
    return ""
