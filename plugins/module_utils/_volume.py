# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Block volumes: one for each droplet of a group. They only grow, and are deleted only when delete_data says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

from . import _droplet
from ._account import Account, Reads, Row, listed
from ._client import ApiError
from ._declaration import complete_each, name_problems
from ._names import Names
from ._noun import ATTACHED, Context, Noun
from ._plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, created

SPEC = {
    "droplets": {"type": "str", "required": True},
    "size": {"type": "int", "required": True},
    "filesystem": {"type": "str", "choices": ["ext4", "xfs", ""], "default": "ext4"},
    "description": {"type": "str", "default": ""},
}
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
LARGEST = 16 * 1024  # GiB
PRICE = 0.10  # US dollars a month for each GiB
BUSY_SECONDS = 120.0  # a droplet does one thing at a time, and refuses another (422)

Wanted = dict[str, Any]  # a declared volume, with its name and its droplet's


def wanted(declared: dict[str, Any], names: Names) -> list[Wanted]:
    return [
        {**volume, "name": f"{droplet.name}-{short}", "droplet": droplet.name}
        for short, volume in declared["volumes"].items()
        for droplet in _droplet.wanted(declared["droplets"], names)
        if droplet.group == volume["droplets"]
    ]


def problems(declared: dict[str, Any], names: Names) -> list[str]:
    found = []
    for short, volume in declared["volumes"].items():
        where, group = f"volumes.{short}", volume["droplets"]
        found += name_problems(where, short)
        if group not in declared["droplets"]:
            known = ", ".join(declared["droplets"]) or "none"
            found.append(f"{where}.droplets: {group!r} is no group of droplets. There are: {known}.")
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


def surplus(context: Context, account: Account) -> list[Row]:
    keep = set() if context.is_absent else {volume["name"] for volume in wanted(context.declared, context.names)}
    tag = context.names.owner_tag
    return [row for row in account.get("volumes", []) if tag in (row.get("tags") or []) and row["name"] not in keep]


def doomed(context: Context, account: Account) -> list[Row]:
    return surplus(context, account) if context.declared["delete_data"] else []


class Volumes(Noun):
    kind = "volume"
    phase = ATTACHED
    arguments: ClassVar[dict[str, Any]] = {"volumes": {"type": "dict", "default": {}}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["volumes"], found = complete_each("volumes", declared["volumes"], SPEC)
        return found or problems(declared, names)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._wanted = [] if context.is_absent else wanted(context.declared, context.names)
        self._region = context.declared["region"]

    def reads(self) -> Reads:
        if not self._wanted and not self.context.may_delete:
            return {}
        client, region = self.context.client, self._region
        return {
            "volumes": lambda: listed(client, "/volumes", "volumes", needed=bool(self._wanted), region=region),
            "droplets": lambda: client.list("/droplets", "droplets"),
        }

    def _row(self, name: str, account: Account) -> Row | None:
        return next((row for row in account["volumes"] if row["name"] == name), None)

    def problems(self, account: Account) -> list[str]:
        found, tag = [], self.context.names.owner_tag
        for volume in self._wanted:
            name, row = volume["name"], self._row(volume["name"], account)
            if row is None:
                continue
            if tag not in (row.get("tags") or []):
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
        rows = {droplet["id"]: droplet for droplet in account["droplets"]}
        return [
            f"volumes: {name} is attached to {holder['name']}, which is not of this environment. Detach it first."
            for id in row.get("droplet_ids") or []
            if (holder := rows.get(id)) and self.context.names.owner_tag not in holder["tags"]
        ]

    def steps(self, account: Account) -> list[Step]:
        droplets = {row["id"]: row["name"] for row in account["droplets"]}
        return [self._step(volume, self._row(volume["name"], account), droplets) for volume in self._wanted]

    def _step(self, volume: Wanted, row: Row | None, droplets: dict[int, str]) -> Step:
        name, price = volume["name"], cost(volume["size"])
        if row is None:
            return Step(CREATE, self.kind, name, created(shown(volume)), lambda: self._create(volume), cost_after=price)
        self.context.known.put(self.kind, name, row)
        ids = row.get("droplet_ids") or []
        before = {"size": row["size_gigabytes"], "droplet": droplets.get(ids[0], str(ids[0])) if ids else None}
        changes = tuple(Change(key, value, volume[key]) for key, value in before.items() if value != volume[key])
        costs = (cost(row["size_gigabytes"]), price)
        if not changes:
            return Step(NOOP, self.kind, name, (), None, *costs)
        return Step(UPDATE, self.kind, name, changes, lambda: self._update(volume, row, changes), *costs)

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

    def _update(self, volume: Wanted, row: Row, changes: tuple[Change, ...]) -> None:
        fields = {change.field for change in changes}
        if "size" in fields:
            self._act(row["id"], {"type": "resize", "size_gigabytes": volume["size"]})
        if "droplet" in fields:
            self._detach(row)
            self._attach(row["id"], volume)

    def _attach(self, id: str, volume: Wanted) -> None:
        self._act(id, {"type": "attach", "droplet_id": self.context.known.id("droplet", volume["droplet"])})

    def _detach(self, row: Row) -> None:
        for droplet in row.get("droplet_ids") or []:
            self._act(row["id"], {"type": "detach", "droplet_id": droplet})

    def _act(self, id: str, body: dict[str, Any]) -> None:
        """One action after the other, each until it is done."""
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

    def surplus(self, account: Account) -> list[Step]:
        return [self._removal(row) for row in surplus(self.context, account)] if self.context.may_delete else []

    def _removal(self, row: Row) -> Step:
        price = cost(row["size_gigabytes"])
        if not self.context.declared["delete_data"]:
            return Step(NOOP, self.kind, row["name"], cost_before=price, cost_after=price)
        gone = (Change("size", row["size_gigabytes"], None),)
        return Step(DELETE, self.kind, row["name"], gone, self._deletion(row), cost_before=price)

    def _deletion(self, row: Row) -> Callable[[], None]:
        def apply() -> None:
            self._detach(row)
            self.context.wait.through(
                lambda: self.context.client.delete(f"/volumes/{row['id']}"), (409, 422), BUSY_SECONDS
            )

        return apply

    def outputs(self) -> dict[str, Any]:
        return {"volume_ids": self.context.known.ids(self.kind)}
