# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block volumes: one for each droplet of a group. They only grow, and are deleted only when delete_data says so."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed
from ..client import ApiError
from ..declaration import complete_each, name_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, created
from ..resource import ATTACHED, Context, Resource
from .droplet import compare as droplet_compare
from .droplet import droplet as droplet_kind

SPEC = {
    "droplets": {"type": "str", "required": True},
    "size": {"type": "int", "required": True},
    "filesystem": {"type": "str", "choices": ["ext4", "xfs", ""], "default": "ext4"},
    "description": {"type": "str", "default": ""},
}
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
LARGEST = 16 * 1024  # GiB
PRICE = 0.10  # US dollars a month for each GiB
HOLDS_DATA = "it may hold data. To delete it, set delete_data (provision_delete_data) to true."
UNDECLARED_DATA = (
    "it is not declared. Declare it, or delete it with its data: set prune (provision_prune) and delete_data "
    "(provision_delete_data) to true."
)
BUSY_SECONDS = 120.0  # a droplet does one thing at a time, and refuses another (422)

Wanted = dict[str, Any]  # a declared volume, with its name and its droplet's


def wanted(declared: dict[str, Any], names: Names) -> list[Wanted]:
    return [
        {**volume, "name": f"{droplet.name}-{short}", "droplet": droplet.name}
        for short, volume in declared["volumes"].items()
        for droplet in droplet_kind.wanted(declared["droplets"], names)
        if droplet.group == volume["droplets"]
    ]


def problems(declared: dict[str, Any], names: Names) -> list[str]:
    found = []
    for short, volume in declared["volumes"].items():
        where, group = f"volumes.{short}", volume["droplets"]
        found += name_problems(where, short)
        if group not in declared["droplets"]:
            known = ", ".join(declared["droplets"]) or "none"
            found.append(f"{where}.droplets: {group!r} is not a group of droplets. There are: {known}.")
        if not 1 <= volume["size"] <= LARGEST:
            found.append(f"{where}.size: {volume['size']} is not from 1 to {LARGEST} GiB.")
    found += [
        f"volumes: {volume['name']!r} would be a volume's name: it begins with a letter and has 64 characters at most."
        for volume in wanted(declared, names)
        if not NAME.fullmatch(volume["name"])
    ]
    return found


def cost(size: int) -> float:
    return PRICE * size


def shown(volume: Wanted) -> dict[str, Any]:
    return {name: volume[name] for name in ("size", "filesystem", "description", "droplet")}


def is_ours(row: Row, names: Names, account: Account) -> bool:
    """Whether a volume is ours by its tag; if it lost that, by its name and the droplet of ours that it is attached
    to."""
    if names.owner_tag in (row.get("tags") or []):
        return True
    holders = [droplet for droplet in account["droplets"] if droplet["id"] in (row.get("droplet_ids") or [])]
    return names.owns(row["name"]) and any(droplet_compare.belongs(h, names, account["vpcs"]) for h in holders)


def leftover(context: Context, account: Account) -> list[Row]:
    keep = set() if context.is_absent else {volume["name"] for volume in wanted(context.declared, context.names)}
    return [row for row in account["volumes"] if is_ours(row, context.names, account) and row["name"] not in keep]


def kept(context: Context, account: Account) -> list[Row]:
    """List the volumes that outlast the environment, for their data."""
    return [] if context.declared["delete_data"] else leftover(context, account)


class Volumes(Resource):
    kind = "volume"
    phase = ATTACHED
    urn_noun = "volume"
    arguments: ClassVar[dict[str, Any]] = {"volumes": {"type": "dict", "default": {}}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["volumes"], found = complete_each("volumes", declared["volumes"], SPEC)
        return found + problems(declared, names)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wanted = [] if context.is_absent else wanted(context.declared, context.names)
        self._region = context.declared["region"]

    def reads(self) -> Reads:
        client, region = self.context.client, self._region
        return {
            "volumes": lambda: listed(client, "/volumes", "volumes", needed=bool(self._wanted), region=region),
            "droplets": lambda: client.list("/droplets", "droplets"),
            "vpcs": lambda: client.list("/vpcs", "vpcs"),
        }

    def _row(self, name: str, account: Account) -> Row | None:
        return next((row for row in account["volumes"] if row["name"] == name), None)

    def problems(self, account: Account) -> list[str]:
        found, tag = [], self.context.names.owner_tag
        for volume in self._wanted:
            name, row = volume["name"], self._row(volume["name"], account)
            if row is None:
                continue
            if not is_ours(row, self.context.names, account):
                found.append(
                    f"A volume {name} (id {row['id']}) exists without the tag {tag}, so it is not this environment's. "
                    "Add the tag to adopt it, or rename or delete it."
                )
            if row["size_gigabytes"] > volume["size"]:
                found.append(
                    f"volumes: {name} has {row['size_gigabytes']} GiB, declared are {volume['size']}. It can only grow."
                )
            found += self._holder_problems(name, row, account)
        return found

    def _holder_problems(self, name: str, row: Row, account: Account) -> list[str]:
        rows, names = {droplet["id"]: droplet for droplet in account["droplets"]}, self.context.names
        return [
            f"volumes: {name} is attached to {holder['name']}, which is not of this environment. Detach it first."
            for id in row.get("droplet_ids") or []
            if (holder := rows.get(id)) and not droplet_compare.belongs(holder, names, account["vpcs"])
        ]

    def steps(self, account: Account) -> list[Step]:
        return [self._step(volume, self._row(volume["name"], account), account["droplets"]) for volume in self._wanted]

    def _step(self, volume: Wanted, row: Row | None, droplets: list[Row]) -> Step:
        name, price = volume["name"], cost(volume["size"])
        if row is None:
            return Step(CREATE, self.kind, name, created(shown(volume)), lambda: self._create(volume), cost_after=price)
        self.context.known.put(self.kind, name, row)
        before = {"size": row["size_gigabytes"], "droplet": self._holder(volume, row, droplets)}
        changes = tuple(Change(key, value, volume[key]) for key, value in before.items() if value != volume[key])
        tags, tag = sorted(row.get("tags") or []), self.context.names.owner_tag
        changes += (Change("tags", tags, [*tags, tag]),) if tag not in tags else ()
        costs = (cost(row["size_gigabytes"]), price)
        if not changes:
            return Step(NOOP, self.kind, name, (), None, *costs)
        return Step(UPDATE, self.kind, name, changes, lambda: self._update(volume, row["id"], changes), *costs)

    def _holder(self, volume: Wanted, row: Row, droplets: list[Row]) -> str | None:
        """Return the name of the droplet that has it, told apart from a new droplet of the same name."""
        names = {droplet["id"]: droplet["name"] for droplet in droplets}
        id = next(iter(row.get("droplet_ids") or []), None)
        name = names.get(id, str(id)) if id else None
        is_there = id == self.context.known.id("droplet", volume["droplet"])
        return f"{name} (id {id})" if name == volume["droplet"] and not is_there else name

    def _create(self, volume: Wanted) -> None:
        client, name = self.context.client, volume["name"]
        body = {
            "name": name,
            "size_gigabytes": volume["size"],
            "region": self._region,
            "description": volume["description"],
            "tags": [self.context.names.owner_tag],
        }
        if volume["filesystem"]:
            body["filesystem_type"] = volume["filesystem"]

        def look_up() -> dict[str, Any] | None:
            rows = client.list("/volumes", "volumes", name=name, region=self._region)
            return {"volume": rows[0]} if rows else None

        row = client.create("/volumes", body, look_up)["volume"]
        self.context.known.put(self.kind, name, row)
        self._attach(row["id"], volume)

    def _update(self, volume: Wanted, id: str, changes: tuple[Change, ...]) -> None:
        fields = {change.field for change in changes}
        if "size" in fields:
            self._act(id, {"type": "resize", "size_gigabytes": volume["size"]})
        if "tags" in fields:
            resources = {"resources": [{"resource_id": id, "resource_type": "volume"}]}
            self.context.client.post(f"/tags/{self.context.names.owner_tag}/resources", resources)
        if "droplet" in fields and not self._detach(id, self._droplet_id(volume)):
            self._attach(id, volume)

    def _droplet_id(self, volume: Wanted) -> Any:
        return self.context.known.id("droplet", volume["droplet"])

    def _attach(self, id: str, volume: Wanted) -> None:
        self._act(id, {"type": "attach", "droplet_id": self._droplet_id(volume)})

    def _detach(self, id: str, wanted: Any = None) -> bool:
        """Detach from all droplets but the wanted one; return whether it is attached to that. Ask the API first: a
        droplet that this run deleted has let go of it."""
        holders = self.context.client.get(f"/volumes/{id}")["volume"].get("droplet_ids") or []
        for droplet in holders:
            if droplet != wanted:
                self._act(id, {"type": "detach", "droplet_id": droplet})
        return wanted in holders

    def _act(self, id: str, body: dict[str, Any]) -> None:
        """Send one action and wait until it is done."""
        client, wait = self.context.client, self.context.wait
        path, request = f"/volumes/{id}/actions", {**body, "region": self._region}
        action = wait.through(lambda: client.post(path, request), (422,), BUSY_SECONDS)["action"]

        def done() -> bool:
            if action["status"] == "in-progress":
                action.update(client.get(f"/actions/{action['id']}")["action"])
            if action["status"] == "errored":
                raise ApiError(f"DigitalOcean could not {body['type']} the volume {id}. Run again.")
            return action["status"] == "completed"

        wait.until(done, lambda: f"The volume {id}: {body['type']} is not done within {wait.limit} s. Run again.")

    def aliases(self, name: str) -> set[str]:
        return {name.removeprefix(f"{volume['droplet']}-") for volume in self._wanted if volume["name"] == name}

    def needs(self, name: str) -> list[tuple[str, str]]:
        return [("tag", ""), *(("droplet", volume["droplet"]) for volume in self._wanted if volume["name"] == name)]

    def surplus(self, account: Account) -> list[Step]:
        return [self._removal(row) for row in leftover(self.context, account)]

    def _removal(self, row: Row) -> Step:
        gone = (Change("size", row["size_gigabytes"], None),)
        price = cost(row["size_gigabytes"])
        step = Step(DELETE, self.kind, row["name"], gone, lambda: self._delete(row["id"]), cost_before=price)
        if self.context.declared["delete_data"]:
            return step
        return step.keep(HOLDS_DATA if self.context.may_delete else UNDECLARED_DATA)

    def _delete(self, id: str) -> None:
        client = self.context.client
        self._detach(id)
        self.context.wait.through(lambda: client.delete(f"/volumes/{id}"), (409, 422), BUSY_SECONDS)

    def members(self, account: Account) -> list[str]:
        return [volume["name"] for volume in self._wanted]

    def urns(self, account: Account) -> list[str]:
        gone = leftover(self.context, account) if self.context.declared["delete_data"] else []
        return [self.urn_of(row["id"]) for row in gone]

    def outputs(self) -> dict[str, Any]:
        return {"volume_ids": self.context.known.ids(self.kind)}
