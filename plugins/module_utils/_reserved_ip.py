# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reserved IP on the first droplet of a group. It has neither name nor tag: the one on a droplet of ours is ours."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, ClassVar

from ._account import Account, Reads, Row, listed
from ._names import Names
from ._noun import ATTACHED, Context, Noun
from ._plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, created

OPTIONS = {"droplets": {"type": "str", "required": True}, "ip": {"type": "str", "default": ""}}
UNUSED = 5.0  # US dollars a month for one that is on no droplet; on a droplet it is free
BUSY_SECONDS = 120.0  # an address, or its droplet, may have another action under way (422)


def problems(reserved_ip: dict[str, Any], droplets: dict[str, Any]) -> list[str]:
    found, group, ip = [], reserved_ip["droplets"], reserved_ip["ip"]
    if not (droplets.get(group) or {}).get("count"):
        known = ", ".join(droplets) or "none"
        found.append(f"reserved_ip.droplets: {group!r} is no group with a droplet in it. There are: {known}.")
    if ip:
        try:
            IPv4Address(ip)
        except ValueError as error:
            found.append(f"reserved_ip.ip: {error}. Leave it out to get a new one.")
    return found


def droplet_of(row: Row) -> Row:
    return row.get("droplet") or {}


def ours(names: Names, account: Account) -> list[Row]:
    ids = {row["id"] for row in account["droplets"] if names.owner_tag in row["tags"]}
    return [row for row in account.get("reserved_ips", []) if droplet_of(row).get("id") in ids]


def find(ip: str, droplet: str, names: Names, account: Account) -> Row | None:
    """The named one; else that of the droplet; else one on another droplet of ours."""
    if ip:
        return next((row for row in account["reserved_ips"] if row["ip"] == ip), None)
    rows = sorted(ours(names, account), key=lambda row: (droplet_of(row).get("name") != droplet, row["ip"]))
    return rows[0] if rows else None


def doomed(context: Context, account: Account) -> list[Row]:
    """Those that go. One that is declared by its address is somebody's own: it is let go by its droplet's deletion."""
    names, declared = context.names, context.declared["reserved_ip"] or {}
    keep = [declared.get("ip")]
    if declared and not context.is_absent:
        droplet = names.droplet(declared["droplets"], 1)
        keep.append((find(declared["ip"], droplet, names, account) or {}).get("ip"))
    return [row for row in ours(names, account) if row["ip"] not in keep]


class ReservedIp(Noun):
    kind = "reserved_ip"
    phase = ATTACHED
    doubles = "reserved_ips"
    arguments: ClassVar[dict[str, Any]] = {"reserved_ip": {"type": "dict", "options": OPTIONS}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        return problems(declared["reserved_ip"], declared["droplets"]) if declared["reserved_ip"] else []

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._ip = (context.declared["reserved_ip"] or {}).get("ip", "")
        self._declared = None if context.is_absent else context.declared["reserved_ip"]
        self._droplet = context.names.droplet(self._declared["droplets"], 1) if self._declared else ""
        self._moving = ""

    def reads(self) -> Reads:
        if not self._declared and not self.context.may_delete:
            return {}
        client = self.context.client
        return {
            "reserved_ips": lambda: listed(client, "/reserved_ips", "reserved_ips", needed=bool(self._declared)),
            "droplets": lambda: client.list("/droplets", "droplets"),
        }

    def problems(self, account: Account) -> list[str]:
        if not self._declared or not self._ip:
            return []
        row = find(self._ip, self._droplet, self.context.names, account)
        if row is None:
            return [f"reserved_ip.ip: the account has no reserved IP {self._ip}. Leave it out to get a new one."]
        region, holder = self.context.declared["region"], droplet_of(row)
        found = []
        if row["region"]["slug"] != region:
            found.append(f"reserved_ip.ip: {self._ip} is in {row['region']['slug']}, not in {region}.")
        if holder and self.context.names.owner_tag not in holder.get("tags", []):
            found.append(
                f"reserved_ip.ip: {self._ip} is on {holder['name']}, which is not this environment's. Unassign it."
            )
        return found

    def steps(self, account: Account) -> list[Step]:
        if not self._declared:
            return []
        name = self.context.names.reserved_ip
        row = find(self._ip, self._droplet, self.context.names, account)
        if row is None:
            return [Step(CREATE, self.kind, name, created({"droplet": self._droplet}), self._create)]
        self.context.known.put(self.kind, name, row)
        before = droplet_of(row).get("name")
        if before == self._droplet:
            return [Step(NOOP, self.kind, name)]
        change = Change("droplet", before, self._droplet)
        cost = 0.0 if before else UNUSED
        return [Step(UPDATE, self.kind, name, (change,), lambda: self._assign(row["ip"]), cost_before=cost)]

    def _create(self) -> None:
        """One request makes and assigns it, so that none is ever left over without a droplet."""
        client, droplet = self.context.client, self.context.known.id("droplet", self._droplet)

        def look_up() -> dict[str, Any] | None:
            rows = [r for r in client.list("/reserved_ips", "reserved_ips") if droplet_of(r).get("id") == droplet]
            return {"reserved_ip": rows[0]} if rows else None

        row = self._when_free(lambda: client.create("/reserved_ips", {"droplet_id": droplet}, look_up))["reserved_ip"]
        self.context.known.put(self.kind, self.context.names.reserved_ip, row)
        self._moving = row["ip"]

    def _assign(self, ip: str) -> None:
        body = {"type": "assign", "droplet_id": self.context.known.id("droplet", self._droplet)}
        self._when_free(lambda: self.context.client.post(f"/reserved_ips/{ip}/actions", body))
        self._moving = ip

    def _when_free(self, call: Callable[[], Any]) -> Any:
        return self.context.wait.through(call, (422,), BUSY_SECONDS)

    def settle(self) -> None:
        if not self._moving:
            return
        ip, droplet = self._moving, self.context.known.id("droplet", self._droplet)
        self._until(ip, lambda row: droplet_of(row).get("id") == droplet, f"on {self._droplet}")

    def _until(self, ip: str, is_so: Callable[[Row], bool], words: str) -> None:
        client = self.context.client
        self.context.wait.until(
            lambda: is_so(client.get(f"/reserved_ips/{ip}")["reserved_ip"]),
            lambda: f"The reserved IP {ip} is not {words} within {self.context.wait.limit} s. Run again.",
        )

    def surplus(self, account: Account) -> list[Step]:
        if not self.context.may_delete:
            return []
        return [
            Step(DELETE, self.kind, row["ip"], (Change("droplet", droplet_of(row)["name"], None),), self._removal(row))
            for row in doomed(self.context, account)
        ]

    def _removal(self, row: Row) -> Callable[[], None]:
        client, ip = self.context.client, row["ip"]

        def apply() -> None:
            self._when_free(lambda: client.post(f"/reserved_ips/{ip}/actions", {"type": "unassign"}))
            self._until(ip, lambda row: not droplet_of(row), "free")
            self._when_free(lambda: client.delete(f"/reserved_ips/{ip}"))

        return apply

    def outputs(self) -> dict[str, Any]:
        row = self.context.known.row(self.kind, self.context.names.reserved_ip) or {}
        return {"reserved_ip": row.get("ip", "")}
