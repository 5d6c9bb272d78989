# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens and closes doors, in an order in which each half is harmless: see _cloud/door.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .account import read
from .client import Client
from .door import Door, Found, find, firewall_body
from .names import Names


class Doors:
    def __init__(self, client: Client, names: Names) -> None:
        self._client = client
        self._names = names

    def find(self) -> list[Found]:
        client = self._client
        rows = read(
            {
                "tags": lambda: client.list("/tags", "tags"),
                "firewalls": lambda: client.list("/firewalls", "firewalls"),
            }
        )
        return find(rows["tags"], rows["firewalls"], self._names)

    def droplets(self) -> list[int]:
        return [row["id"] for row in self._client.list("/droplets", "droplets", tag_name=self._names.owner_tag)]

    def open(self, door: Door, port: int) -> None:
        """Make the tag first, by which a later run finds the rest. The hosts hear of it last."""
        client, tag, body = self._client, door.tag(self._names), firewall_body(door, port, self._names)

        def made() -> dict[str, Any] | None:
            rows = [row for row in client.list("/firewalls", "firewalls") if row["name"] == body["name"]]
            return {"firewall": rows[0]} if rows else None

        client.create("/tags", {"name": tag}, lambda: client.find(f"/tags/{tag}"))
        client.create("/firewalls", body, made)
        if droplets := self.droplets():
            resources = [{"resource_id": str(id), "resource_type": "droplet"} for id in droplets]
            client.post(f"/tags/{tag}/resources", {"resources": resources})

    def close(self, found: Found) -> None:
        """Delete the firewall first: the hosts close by themselves at the door's end, at the latest."""
        for id in found.firewalls:
            self._client.delete(f"/firewalls/{id}")
        for tag in found.tags:
            self._client.delete(f"/tags/{tag}")


def kept(found: Iterable[Found], address: str, now: float, least: float) -> Found | None:
    """Return the door that is open already for an address, if it stays so for `least` seconds."""
    wanted = [one for one in found if one.is_whole and one.door.address == address and one.door.until - now >= least]
    return max(wanted, key=lambda one: one.door.until, default=None)
