# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reserved IP on the first droplet of a group. It has neither name nor tag. Ours is the one on a droplet of ours, and
the one that a tag of ours names: it stays ours when its droplet is gone."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, created
from ..resource import ATTACHED, Context, Resource
from .droplet import compare as droplet_compare

OPTIONS = {"droplets": {"type": "str", "required": True}, "ip": {"type": "str", "default": ""}}
UNUSED = 5.0  # US dollars a month for one that is on no droplet; on a droplet it is free
OWN = "it was the account's before, and is declared by its address."
BUSY_SECONDS = 120.0  # an address, or its droplet, may have another action under way (422)


def problems(reserved_ip: dict[str, Any], droplets: dict[str, Any]) -> list[str]:
    found, group, ip = [], reserved_ip["droplets"], reserved_ip["ip"]
    if not (droplets.get(group) or {}).get("count"):
        known = ", ".join(droplets) or "none"
        found.append(f"reserved_ip.droplets: {group!r} is not a group with a droplet in it. There are: {known}.")
    if ip:
        try:
            IPv4Address(ip)
        except ValueError as error:
            found.append(f"reserved_ip.ip: {error}. Leave it out to get a new one.")
    return found


def droplet_of(row: Row) -> Row:
    return row.get("droplet") or {}


def ours(names: Names, account: Account) -> list[Row]:
    """Return the addresses on our droplets, and unassigned ones that a tag marks as made by us."""
    ids = {row["id"] for row in account["droplets"] if droplet_compare.belongs(row, names, account["vpcs"])}
    marks = {tag["name"].lower() for tag in account["tags"]}
    return [
        row
        for row in account["reserved_ips"]
        if (droplet_of(row)["id"] in ids if droplet_of(row) else names.address_tag(row["ip"]) in marks)
    ]


def find(ip: str, droplet: str, names: Names, account: Account) -> Row | None:
    """Return the address named; else that of the droplet; else another one of ours."""
    if ip:
        return next((row for row in account["reserved_ips"] if row["ip"] == ip), None)
    rows = sorted(ours(names, account), key=lambda row: (droplet_of(row).get("name") != droplet, row["ip"]))
    return rows[0] if rows else None


def leftover(context: Context, account: Account) -> list[Row]:
    """Return our addresses that are not declared. One that is declared by its address belongs to somebody and is never
    ours."""
    names, declared = context.names, context.declared["reserved_ip"] or {}
    keep = [declared.get("ip")]
    if declared and not context.is_absent:
        droplet = names.droplet(declared["droplets"], 1)
        keep.append((find(declared["ip"], droplet, names, account) or {}).get("ip"))
    return [row for row in ours(names, account) if row["ip"] not in keep]


def marks(context: Context, account: Account) -> set[str]:
    """Return the tags that mark our existing addresses: they are deleted with these, and not before."""
    own = (context.declared["reserved_ip"] or {}).get("ip")
    return {context.names.address_tag(row["ip"]) for row in ours(context.names, account) if row["ip"] != own}


def cost(row: Row) -> float:
    return 0.0 if droplet_of(row) else UNUSED


def _holder(row: Row, wanted: str) -> str | None:
    """Return who has it now, told apart from a new droplet of the same name."""
    holder = droplet_of(row)
    name = holder.get("name")
    return f"{name} (id {holder['id']})" if name == wanted else name


class ReservedIp(Resource):
    kind = "reserved_ip"
    phase = ATTACHED
    urn_noun, urn_key = "floatingip", "ip"  # its name of old
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
        client = self.context.client
        return {
            "reserved_ips": lambda: listed(client, "/reserved_ips", "reserved_ips", needed=bool(self._declared)),
            "droplets": lambda: client.list("/droplets", "droplets"),
            "tags": lambda: client.list("/tags", "tags"),
            "vpcs": lambda: client.list("/vpcs", "vpcs"),
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

    def warnings(self, account: Account) -> list[str]:
        """Name unassigned addresses before another is bought: one that was lost may be meant."""
        region = self.context.declared["region"]
        free = [r["ip"] for r in account["reserved_ips"] if not droplet_of(r) and r["region"]["slug"] == region]
        if not self._declared or not free or find(self._ip, self._droplet, self.context.names, account):
            return []
        return [
            f"reserved_ip: a new address is made, although the account has some that are on no droplet: "
            f"{', '.join(sorted(free))}. To take one of them, give it as reserved_ip.ip."
        ]

    def steps(self, account: Account) -> list[Step]:
        """Compare with the droplet that the plan leads to: one that is replaced counts as another."""
        if not self._declared:
            return []
        name, wanted = self.context.names.reserved_ip, self._droplet
        row = find(self._ip, wanted, self.context.names, account)
        target = self.context.known.id("droplet", wanted)
        others = [r for r in account["reserved_ips"] if target and droplet_of(r).get("id") == target and r != row]
        instead = tuple(Change("instead of", other["ip"], None) for other in others)
        if row is None:
            return [Step(CREATE, self.kind, name, created({"droplet": wanted}), self._create)]
        self.context.known.put(self.kind, name, row)
        moves = not target or droplet_of(row).get("id") != target
        mark = "" if self._ip else self._missing_mark(row["ip"], account)
        changes = (Change("droplet", _holder(row, wanted), wanted), *instead) if moves else ()
        changes += (Change("tag", None, mark),) if mark else ()
        if not changes:
            return [Step(NOOP, self.kind, name)]
        free = [other["ip"] for other in others] if moves else []

        def apply() -> None:
            self._update(row["ip"], moves=moves, free=free, mark=mark)

        return [Step(UPDATE, self.kind, name, changes, apply, cost_before=cost(row))]

    def _missing_mark(self, ip: str, account: Account) -> str:
        mark = self.context.names.address_tag(ip)
        return "" if mark in {tag["name"].lower() for tag in account["tags"]} else mark

    def _create(self) -> None:
        """Make and assign it by one request, so that none is left without a droplet."""
        client, droplet = self.context.client, self.context.known.id("droplet", self._droplet)

        def look_up() -> dict[str, Any] | None:
            rows = [r for r in client.list("/reserved_ips", "reserved_ips") if droplet_of(r).get("id") == droplet]
            return {"reserved_ip": rows[0]} if rows else None

        row = self._when_free(lambda: client.create("/reserved_ips", {"droplet_id": droplet}, look_up))["reserved_ip"]
        self.context.known.put(self.kind, self.context.names.reserved_ip, row)
        self._moving = row["ip"]
        self._mark(self.context.names.address_tag(row["ip"]))

    def _update(self, ip: str, *, moves: bool, free: list[str], mark: str) -> None:
        if mark:
            self._mark(mark)
        for other in free:
            self._unassign(other)
        if moves:
            body = {"type": "assign", "droplet_id": self.context.known.id("droplet", self._droplet)}
            self._when_free(lambda: self.context.client.post(f"/reserved_ips/{ip}/actions", body))
            self._moving = ip

    def _mark(self, tag: str) -> None:
        client = self.context.client
        client.create("/tags", {"name": tag}, lambda: client.find(f"/tags/{tag}"))

    def _unassign(self, ip: str) -> None:
        """Unassign it if it still is assigned: the droplet may have been deleted by this run."""
        client = self.context.client
        if droplet_of(client.get(f"/reserved_ips/{ip}")["reserved_ip"]):
            self._when_free(lambda: client.post(f"/reserved_ips/{ip}/actions", {"type": "unassign"}))
            self._until(ip, lambda row: not droplet_of(row), "free")

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

    def needs(self, name: str) -> list[tuple[str, str]]:
        return [("droplet", self._droplet), ("tag", "")]

    def surplus(self, account: Account) -> list[Step]:
        found = [
            Step(
                DELETE,
                self.kind,
                row["ip"],
                (Change("droplet", droplet_of(row).get("name"), None),),
                lambda ip=row["ip"]: self._delete(ip),
                cost(row),
            )
            for row in leftover(self.context, account)
        ]
        own = next((r for r in account["reserved_ips"] if self.context.is_absent and r["ip"] == self._ip), None)
        return found + ([Step(DELETE, self.kind, own["ip"], (), None, cost(own)).keep(OWN)] if own else [])

    def _delete(self, ip: str) -> None:
        self._unassign(ip)
        self._when_free(lambda: self.context.client.delete(f"/reserved_ips/{ip}"))
        self.context.client.delete(f"/tags/{self.context.names.address_tag(ip)}")

    def members(self, account: Account) -> list[str]:
        return [self.context.names.reserved_ip] if self._declared else []

    def urns(self, account: Account) -> list[str]:
        return [self.urn_of(row["ip"]) for row in leftover(self.context, account)]

    def outputs(self) -> dict[str, Any]:
        row = self.context.known.row(self.kind, self.context.names.reserved_ip) or {}
        return {"reserved_ip": row.get("ip", "")}
