# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets: created and tagged here, never rebuilt. What the API cannot change in place is a problem, not a guess."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar

from . import _catalogue, _ssh_key
from ._account import Account, Reads, Row
from ._client import ApiError
from ._declaration import WORDS, complete_each, group_problems, name_problems
from ._names import Names
from ._noun import DROPLETS, Context, Noun
from ._plan import CREATE, DELETE, NOOP, UPDATE, Change, Problems, Step, created

MOST_AT_ONCE = 10  # names in one POST
HOSTNAME_LIMIT = 63  # characters
USER_DATA_LIMIT = 64 * 1024  # bytes
BACKUPS_SHARE = 0.2  # of the droplet's price, for weekly backups
SPEC = {
    "count": {"type": "int", "default": 1},
    "size": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "groups": WORDS,
    "monitoring": {"type": "bool", "default": False},
    "backups": {"type": "bool", "default": False},
}


@dataclass(frozen=True)
class Wanted:
    """One declared droplet."""

    name: str
    group: str
    size: str
    image: str
    tags: tuple[str, ...]
    monitoring: bool
    backups: bool


def wanted(groups: dict[str, Any], names: Names) -> list[Wanted]:
    return [
        Wanted(
            name=names.droplet(group, number),
            group=group,
            size=droplet["size"],
            image=droplet["image"],
            tags=tuple(dict.fromkeys([names.owner_tag, *map(names.group_tag, droplet["groups"])])),
            monitoring=droplet["monitoring"],
            backups=droplet["backups"],
        )
        for group, droplet in groups.items()
        for number in range(1, droplet["count"] + 1)
    ]


def declaration_problems(declared: dict[str, Any], names: Names) -> list[str]:
    """`droplets` have the right types already."""
    droplets = declared["droplets"]
    found = []
    for name, droplet in droplets.items():
        found += name_problems(f"droplets.{name}", name)
        for group in droplet["groups"]:
            found += group_problems(f"droplets.{name}.groups", group)
        if droplet["count"] < 0:
            found.append(f"droplets.{name}.count: {droplet['count']} is less than 0.")
    hosts = Counter(droplet.name for droplet in wanted(droplets, names))
    for name, count in hosts.items():
        if count > 1:
            found.append(f"droplets: {count} droplets would be named {name}. Rename a group.")
        if len(name) > HOSTNAME_LIMIT:
            found.append(
                f"droplets: {name} has {len(name)} characters; a host name has {HOSTNAME_LIMIT} at most. "
                "Choose shorter names."
            )
    if len(declared["user_data"].encode()) > USER_DATA_LIMIT:
        found.append("user_data: it is longer than 64 KiB, the most that DigitalOcean takes.")
    return found


def missing(droplets: list[Wanted], rows: list[Row]) -> list[Wanted]:
    present = {row["name"] for row in rows}
    return [droplet for droplet in droplets if droplet.name not in present]


def problems(droplets: list[Wanted], region: str, vpc_id: str, names: Names, account: list[Row]) -> list[str]:
    """What stands against a plan in the droplets that exist."""
    found = duplicates(droplets, account)
    counts = Counter(row["name"] for row in account)
    rows = {row["name"]: row for row in account if counts[row["name"]] == 1}
    for droplet in droplets:
        if droplet.name in rows:
            found += _row_problems(droplet, rows[droplet.name], region, vpc_id, names)
    return found


def duplicates(droplets: list[Wanted], rows: list[Row]) -> list[str]:
    """DigitalOcean lets droplets have the same name. Which of them is meant is not ours to guess."""
    found = []
    for droplet in droplets:
        ids = [str(row["id"]) for row in rows if row["name"] == droplet.name]
        if len(ids) > 1:
            found.append(
                f"{len(ids)} droplets are named {droplet.name} (ids {', '.join(ids)}). Rename or delete all but one."
            )
    return found


def _row_problems(droplet: Wanted, row: Row, region: str, vpc_id: str, names: Names) -> list[str]:
    where = f"droplets.{droplet.group}"
    if names.owner_tag not in row["tags"]:
        return [
            f"A droplet {droplet.name} (id {row['id']}) exists without the tag {names.owner_tag}, so it is not this "
            "environment's. Add the tag to adopt it, or rename or delete it."
        ]
    found = []
    if row["status"] not in ("new", "active"):
        found.append(
            f"Droplet {droplet.name} (id {row['id']}) is {'powered off' if row['status'] == 'off' else 'not in use'}: "
            f"status {row['status']}, address {addresses(row).get('public', 'none')}. Power it on, then run again: "
            f"doctl compute droplet-action power-on {row['id']} (or in the control panel)."
        )
    for option, before, after in (
        (f"{where}.size", row["size_slug"], droplet.size),
        (f"{where}.image", (row.get("image") or {}).get("slug"), droplet.image),
        ("region", (row.get("region") or {}).get("slug"), region),
    ):
        if before and before != after and not after.isdigit():
            found.append(
                f"{option}: {droplet.name} has {before}, declared is {after}. That takes a power-off or a new droplet, "
                f"which this module does not do by itself. Declare {before}, or change the droplet by hand."
            )
    if row.get("vpc_uuid") != vpc_id:
        found.append(
            f"vpc: {droplet.name} (id {row['id']}) is not in the VPC {names.vpc} but in {row.get('vpc_uuid')}. "
            "A droplet cannot be moved: rename it or take the tag off it, and a new one is made."
        )
    return found


def addresses(row: Row) -> dict[str, str]:
    """Public and private IPv4, chosen by type: the API promises no order."""
    return {network["type"]: network["ip_address"] for network in row["networks"]["v4"]}


def is_ready(row: Row) -> bool:
    return row["status"] == "active" and {"public", "private"} <= addresses(row).keys()


def show(row: Row, names: Names, made: set[str]) -> dict[str, Any]:
    known = addresses(row)
    groups = [tag.removeprefix(f"{names.owner_tag}:") for tag in row["tags"] if tag.startswith(f"{names.owner_tag}:")]
    return {
        "id": row["id"],
        "name": row["name"],
        "status": row["status"],
        "size": row["size_slug"],
        "public_ip": known.get("public", ""),
        "private_ip": known.get("private", ""),
        "groups": sorted(groups),
        "tags": sorted(row["tags"]),
        "created": row["name"] in made,
        "created_at": row["created_at"],
    }


def monthly_cost(price: float, backups: bool) -> float:
    return round(price * (1 + BACKUPS_SHARE * backups), 2)


def current_cost(row: Row) -> float:
    return monthly_cost((row.get("size") or {}).get("price_monthly") or 0.0, "backups" in row["features"])


class Droplets(Noun):
    kind = "droplet"
    phase = DROPLETS
    arguments: ClassVar[dict[str, Any]] = {
        "droplets": {"type": "dict", "default": {}},
        "user_data": {"type": "str", "default": "", "no_log": True},
        "ssh_user": {"type": "str", "default": "root"},
    }
    loss = " with their data"

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["droplets"], found = complete_each("droplets", declared["droplets"], SPEC)
        return found + declaration_problems(declared, names)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.wanted = [] if context.is_absent else wanted(context.declared["droplets"], context.names)
        self._rows: list[Row] = []  # all of the account as last read
        self._made: set[str] = set()
        self._actions: dict[str, int] = {}  # those that make droplets, by the droplet's name
        self._is_stale = False  # this run has written since they were read

    def reads(self) -> Reads:
        return {"droplets": lambda: self.context.client.list("/droplets", "droplets")}

    def more_reads(self, account: Account) -> Reads:
        new = missing(self.wanted, account["droplets"])
        if not new:
            return {}
        client = self.context.client
        images = {droplet.image for droplet in new}
        return {
            "sizes": lambda: _catalogue.sizes(client),
            **{f"image {slug}": lambda slug=slug: _catalogue.image(client, slug) for slug in sorted(images)},
        }

    def problems(self, account: Account) -> list[str]:
        names, region = self.context.names, self.context.declared["region"]
        vpc_id = next((vpc["id"] for vpc in account["vpcs"] if vpc["name"] == names.vpc), "")
        found = problems(self.wanted, region, vpc_id, names, account["droplets"])
        for droplet in {droplet.group: droplet for droplet in missing(self.wanted, account["droplets"])}.values():
            where = f"droplets.{droplet.group}"
            image = account[f"image {droplet.image}"]
            found += _catalogue.size_problems(f"{where}.size", droplet.size, region, account["sizes"])
            found += _catalogue.image_problems(f"{where}.image", droplet.image, region, image, self.context.client)
        return found

    def steps(self, account: Account) -> list[Step]:
        self._remember(account["droplets"])
        ready = {row["name"] for row in account["droplets"] if row["status"] != "new"}
        self._made = {droplet.name for droplet in self.wanted} - ready
        found = self._creations(missing(self.wanted, account["droplets"]), account)
        present = {row["name"]: row for row in account["droplets"]}
        found += [self._update(droplet, present[droplet.name]) for droplet in self.wanted if droplet.name in present]
        return found

    def _remember(self, rows: list[Row]) -> None:
        self._rows = rows
        for row in self.existing():
            self.context.known.put("droplet", row["name"], row)

    def existing(self) -> list[Row]:
        """The declared ones, as last read."""
        names = {droplet.name for droplet in self.wanted}
        return sorted((row for row in self._rows if row["name"] in names), key=lambda row: row["name"])

    # -- make

    def _creations(self, new: list[Wanted], account: Account) -> list[Step]:
        """One request makes all droplets of a group; the first one's step sends it."""
        batches: dict[tuple[str, int], list[Wanted]] = {}
        for index, droplet in enumerate(new):
            same = sum(1 for other in new[:index] if other.group == droplet.group)
            batches.setdefault((droplet.group, same // MOST_AT_ONCE), []).append(droplet)
        prices = _catalogue.prices(account["sizes"]) if new else {}
        found = []
        for batch in batches.values():
            for position, droplet in enumerate(batch):
                request = None if position else (lambda batch=batch: self._create(batch))
                cost = monthly_cost(prices[droplet.size], droplet.backups)
                shown = created(self._shown(droplet))
                found.append(Step(CREATE, "droplet", droplet.name, shown, request, cost_after=cost))
        return found

    def _shown(self, droplet: Wanted) -> dict[str, Any]:
        user_data = self.context.declared["user_data"]
        digest = hashlib.sha256(user_data.encode()).hexdigest()
        return {
            "region": self.context.declared["region"],
            "size": droplet.size,
            "image": droplet.image,
            "tags": list(droplet.tags),
            "monitoring": droplet.monitoring,
            "backups": droplet.backups,
            "user_data": f"sha256:{digest[:16]}" if user_data else "",  # it may hold secrets
        }

    def _create(self, batch: list[Wanted]) -> None:
        declared, client = self.context.declared, self.context.client
        first, names = batch[0], [droplet.name for droplet in batch]
        body = {
            "region": declared["region"],
            "ssh_keys": _ssh_key.fingerprints(declared),
            "user_data": declared["user_data"],
            "names": names,
            "size": first.size,
            "image": int(first.image) if first.image.isdigit() else first.image,
            "tags": list(first.tags),
            "monitoring": first.monitoring,
            "backups": first.backups,
            "vpc_uuid": self.context.known.id("vpc", self.context.names.vpc),
        }

        def look_up() -> dict[str, Any] | None:
            rows = [row for row in client.list("/droplets", "droplets", tag_name=first.tags[0]) if row["name"] in names]
            return {"droplets": rows} if len(rows) >= len(names) else None

        self._is_stale = True
        reply = client.create("/droplets", body, look_up)
        for row, action in zip(reply["droplets"], reply.get("links", {}).get("actions", []), strict=False):
            self._actions[row["name"]] = action["id"]

    # -- change

    def _update(self, droplet: Wanted, row: Row) -> Step:
        """Tags of others stay; backups are switched by an action."""
        own = sorted(tag for tag in row["tags"] if self.context.names.owns_tag(tag))
        has_backups = "backups" in row["features"]
        price = (row.get("size") or {}).get("price_monthly") or 0.0
        costs = {"cost_before": current_cost(row), "cost_after": monthly_cost(price, droplet.backups)}
        changes = []
        if own != sorted(droplet.tags):
            changes.append(Change("tags", own, sorted(droplet.tags)))
        if has_backups != droplet.backups:
            changes.append(Change("backups", has_backups, droplet.backups))
        if not changes:
            return Step(NOOP, "droplet", droplet.name, **costs)

        def apply() -> None:
            client = self.context.client
            self._is_stale = True
            resources = {"resources": [{"resource_id": str(row["id"]), "resource_type": "droplet"}]}
            for tag in sorted(set(droplet.tags) - set(own)):
                client.post(f"/tags/{tag}/resources", resources)
            for tag in sorted(set(own) - set(droplet.tags)):
                client.delete(f"/tags/{tag}/resources", resources)
            if has_backups != droplet.backups:
                action = "enable_backups" if droplet.backups else "disable_backups"
                client.post(f"/droplets/{row['id']}/actions", {"type": action})

        return Step(UPDATE, "droplet", droplet.name, tuple(changes), apply, **costs)

    # -- wait

    def settle(self) -> None:
        """The declared droplets are active and have their addresses."""
        limit = self.context.declared["wait_timeout"]
        if self._waiting():
            self.context.wait.until(
                self._look,
                lambda: (
                    f"Not active within {limit} s: {', '.join(sorted(self._waiting()))}. Run again to wait on; if it "
                    "stays so, look at the droplet in the control panel."
                ),
            )
        elif self._is_stale:
            self._read()
        if twins := duplicates(self.wanted, self._rows):
            raise Problems(["Did another run make droplets at the same time?", *twins])

    def _waiting(self) -> set[str]:
        ready = {row["name"] for row in self.existing() if is_ready(row)}
        return {droplet.name for droplet in self.wanted} - ready

    def _look(self) -> bool:
        self._read()
        self._check_actions(self._waiting())
        return not self._waiting()

    def _read(self) -> None:
        tag = self.context.names.owner_tag
        self._remember(self.context.client.list("/droplets", "droplets", tag_name=tag))

    def _check_actions(self, waiting: set[str]) -> None:
        """A droplet that is not listed is either not listed yet, or could not be made: its action tells."""
        listed = {row["name"] for row in self.existing()}
        for name in sorted(waiting - listed):
            action = self._actions.get(name)
            reply = self.context.client.find(f"/actions/{action}") if action else None
            if reply and reply["action"]["status"] == "errored":
                raise ApiError(
                    f"DigitalOcean accepted the droplet {name} but could not make it (action {action} "
                    "errored). Run again; if it stays so, try another size or region."
                )

    # -- remove

    def surplus(self, account: Account) -> list[Step]:
        keep = {droplet.name for droplet in self.wanted}
        return [
            Step(
                DELETE,
                "droplet",
                row["name"],
                apply=lambda id=row["id"]: self._delete(id),
                cost_before=current_cost(row),
            )
            for row in account["droplets"]
            if self.context.names.owner_tag in row["tags"] and row["name"] not in keep
        ]

    def _delete(self, id: int) -> None:
        """Returns when it is gone: until then it holds its VPC and its firewalls."""
        client, limit = self.context.client, self.context.declared["wait_timeout"]
        client.delete(f"/droplets/{id}")
        self.context.wait.until(
            lambda: client.find(f"/droplets/{id}") is None,
            lambda: f"Droplet {id} is not deleted within {limit} s. Run again.",
        )

    # -- outcome

    def show(self) -> list[dict[str, Any]]:
        return [show(row, self.context.names, self._made) for row in self.existing()]

    def outputs(self) -> dict[str, Any]:
        user, shown = self.context.declared["ssh_user"], self.show()
        return {
            "droplet_id": {row["name"]: row["id"] for row in shown},
            "droplet_ip": {row["name"]: row["public_ip"] for row in shown if row["public_ip"]},
            "droplet_private_ip": {row["name"]: row["private_ip"] for row in shown if row["private_ip"]},
            "ssh_command": {row["name"]: f"ssh {user}@{row['public_ip']}" for row in shown if row["public_ip"]},
        }
