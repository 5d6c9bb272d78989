# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Droplets: made, changed in place, and replaced only with consent. What is declared, how it compares and what is done
to one are in the files beside."""

from __future__ import annotations

import logging
import threading
from typing import Any, ClassVar

from ... import catalogue
from ...account import Account, Reads, Row
from ...declaration import complete_each
from ...names import Names
from ...plan import CREATE, DELETE, NOOP, REPLACE, UPDATE, Change, Problems, Step, created
from ...resource import DROPLETS, Context, Resource
from . import compare as droplet_compare
from . import create, words
from . import declared as droplet_declared
from .actions import Actions, Deletions, check_creations, check_presence
from .compare import current_cost, duplicates, is_ready, missing, monthly_cost
from .declared import Wanted, wanted

LOGGER = logging.getLogger("izzzi.progress")


class Droplets(Resource):
    kind = "droplet"
    phase = DROPLETS
    requires = (("vpc", ""), ("ssh_key", ""), ("tag", ""), ("firewall", ""))  # no droplet is ever without firewalls
    urn_noun = "droplet"
    doubles = "droplets"
    arguments: ClassVar[dict[str, Any]] = {
        "droplets": {"type": "dict", "default": {}},
        "user_data": {"type": "str", "default": "", "no_log": True},
        "ssh_user": {"type": "str", "default": "root"},
        "allow_resize": {"type": "bool", "default": False},
        "allow_replace": {"type": "list", "elements": "str", "default": []},
        "replace": {"type": "list", "elements": "str", "default": []},
    }
    loss = " with their data"

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["droplets"], found = complete_each("droplets", declared["droplets"], droplet_declared.SPEC)
        return found + droplet_declared.problems(declared, names)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.wanted = [] if context.is_absent else wanted(context.declared["droplets"], context.names)
        self._rows: list[Row] = []  # all of the account as last read
        self._made: set[str] = set()
        self._doors: list[str] = []  # tags of open ones for SSH
        self._planned: dict[str, int] = {}  # ids of those that were there and stay, by name
        self._actions: dict[str, int] = {}  # those that make droplets, by the droplet's name
        self._deletions = Deletions(context.client, context.wait)
        self._is_stale = False  # this run has written since they were read
        self._one_down = threading.Lock()  # never two powered off at once: the others serve

    def reads(self) -> Reads:
        client = self.context.client
        return {
            "droplets": lambda: client.list("/droplets", "droplets"),
            "tags": lambda: client.list("/tags", "tags"),
        }

    def more_reads(self, account: Account) -> Reads:
        self._spell(account)
        client, new = self.context.client, self._to_make(account)
        if not new:
            resized = any(row["size_slug"] != droplet.size for droplet, row in self._pairs(account))
            return {"sizes": lambda: catalogue.sizes(client)} if resized else {}
        images = {droplet.image for droplet in new}
        return {
            "sizes": lambda: catalogue.sizes(client),
            "limits": lambda: catalogue.limits(client),
            **{f"image {slug}": lambda slug=slug: catalogue.image(client, slug) for slug in sorted(images)},
        }

    def _spell(self, account: Account) -> None:
        """Use each tag's first spelling: the account's, else the one declared first."""
        spellings: dict[str, str] = {}
        for tag in [*(row["name"] for row in account["tags"]), *(tag for one in self.wanted for tag in one.tags)]:
            spellings.setdefault(tag.lower(), tag)
        self.wanted = [droplet_declared.spelled(droplet, spellings) for droplet in self.wanted]

    def _vpc_id(self, account: Account) -> str:
        return next((vpc["id"] for vpc in account["vpcs"] if vpc["name"] == self.context.names.vpc), "")

    def aliases(self, name: str) -> set[str]:
        return {droplet.group for droplet in self.wanted if droplet.name == name}

    def _pairs(self, account: Account) -> list[tuple[Wanted, Row]]:
        rows = {row["name"]: row for row in account["droplets"]}
        return [(droplet, rows[droplet.name]) for droplet in self.wanted if droplet.name in rows]

    def _replaced(self, account: Account) -> list[tuple[Wanted, Row]]:
        vpc_id, names = self._vpc_id(account), self.context.names
        allowed, asked = (self.context.declared[key] for key in ("allow_replace", "replace"))
        chosen = [pair for pair in self._pairs(account) if self.context.is_chosen(self.kind, pair[0].name)]
        return [
            (droplet, row)
            for droplet, row in chosen
            if droplet.name in asked
            or (droplet.name in allowed and droplet_compare.replaces(droplet, row, vpc_id, names))
        ]

    def _to_make(self, account: Account) -> list[Wanted]:
        return missing(self.wanted, account["droplets"]) + [droplet for droplet, _row in self._replaced(account)]

    def problems(self, account: Account) -> list[str]:
        declared, region = self.context.declared, self.context.declared["region"]
        vpc_id, rows = self._vpc_id(account), account["droplets"]
        found = droplet_compare.problems(self.wanted, declared, vpc_id, self.context.names, rows)
        for droplet in {droplet.group: droplet for droplet in self._to_make(account)}.values():
            image = account[f"image {droplet.image}"]
            found += catalogue.size_problems(f"{droplet.where}.size", droplet.size, region, account["sizes"])
            found += catalogue.image_problems(
                f"{droplet.where}.image", droplet.image, region, image, self.context.client
            )
        if new := len(missing(self.wanted, rows)):
            found += catalogue.limit_problems(account["limits"], "droplet_limit", "droplets", len(rows), new)
        replaced = {droplet.name for droplet, _row in self._replaced(account)}  # whose disks are new ones
        for droplet, row in self._pairs(account):
            if row["size_slug"] != droplet.size and declared["allow_resize"] and droplet.name not in replaced:
                found += catalogue.size_problems(f"{droplet.where}.size", droplet.size, region, account["sizes"])
                found += catalogue.disk_problems(f"{droplet.where}.size", droplet.size, row, account["sizes"])
        return found

    def warnings(self, account: Account) -> list[str]:
        return droplet_compare.warnings(self.wanted, account["droplets"])

    def steps(self, account: Account) -> list[Step]:
        self._remember(account["droplets"])
        self._doors = create.open_doors(account["tags"], self.context.names)
        ready = {row["name"] for row in account["droplets"] if row["status"] != "new"}
        replaced = self._replaced(account)
        self._made = {droplet.name for droplet in self.wanted} - ready | {droplet.name for droplet, _row in replaced}
        kept = [pair for pair in self._pairs(account) if pair not in replaced]
        self._planned = {droplet.name: row["id"] for droplet, row in kept}
        prices = catalogue.prices(account.get("sizes", []))
        found = self._creations(missing(self.wanted, account["droplets"]), prices)
        found += [self._replacement(droplet, row, account, prices) for droplet, row in replaced]
        found += [self._update(droplet, row, account, prices) for droplet, row in kept]
        return found

    def _remember(self, rows: list[Row]) -> None:
        self._rows = rows
        for row in self.existing():
            self.context.known.put("droplet", row["name"], row)

    def existing(self) -> list[Row]:
        """Return the declared droplets as last read, by name."""
        names = {droplet.name for droplet in self.wanted}
        return sorted((row for row in self._rows if row["name"] in names), key=lambda row: row["name"])

    # -- make

    def _creations(self, new: list[Wanted], prices: dict[str, float]) -> list[Step]:
        """Return a step for each droplet. One request makes a batch of them; the first one's step sends it."""
        found = []
        for batch in create.batches([one for one in new if self.context.is_chosen(self.kind, one.name)]):
            for position, droplet in enumerate(batch):
                request = None if position else (lambda batch=batch: self._create(batch))
                shown = created(create.shown(droplet, self.context.declared))
                cost = monthly_cost(prices[droplet.size], droplet.backups)
                found.append(Step(CREATE, "droplet", droplet.name, shown, request, cost_after=cost))
        return found

    def _create(self, batch: list[Wanted]) -> None:
        client, names = self.context.client, [droplet.name for droplet in batch]
        vpc_id = self.context.known.id("vpc", self.context.names.vpc)

        def look_up() -> dict[str, Any] | None:
            tagged = client.list("/droplets", "droplets", tag_name=batch[0].tags[0])
            rows = [row for row in tagged if row["name"] in names]
            return {"droplets": rows} if len(rows) >= len(names) else None

        self._is_stale = True
        reply = client.create("/droplets", create.body(batch, self.context.declared, vpc_id, self._doors), look_up)
        for row, action in zip(reply["droplets"], reply.get("links", {}).get("actions", []), strict=False):
            self._actions[row["name"]] = action["id"]

    # -- change

    def _update(self, droplet: Wanted, row: Row, account: Account, prices: dict[str, float]) -> Step:
        changes = droplet_compare.changes(droplet, row, self._vpc_id(account), self.context.names)
        price = prices.get(droplet.size, (row.get("size") or {}).get("price_monthly") or 0.0)
        costs = {"cost_before": current_cost(row), "cost_after": monthly_cost(price, droplet.backups)}
        if not changes:
            return Step(NOOP, "droplet", droplet.name, **costs)
        actions = Actions(self.context.client, self.context.wait)

        def apply() -> None:
            self._is_stale = True
            if any(change.field == "size" for change in changes):
                with self._one_down:
                    actions.apply(row["id"], droplet.name, changes)
            else:
                actions.apply(row["id"], droplet.name, changes)

        notes = (words.RESIZE,) if any(change.field == "size" for change in changes) else ()
        return Step(UPDATE, "droplet", droplet.name, changes, apply, notes=notes, **costs)

    def _replacement(self, droplet: Wanted, row: Row, account: Account, prices: dict[str, float]) -> Step:
        """Replace a droplet. Its name is unknown until then, so that whatever refers to it is planned anew too."""
        self.context.known.drop("droplet", droplet.name)
        changes = droplet_compare.changes(droplet, row, self._vpc_id(account), self.context.names)
        if droplet.name in self.context.declared["replace"]:
            changes = (Change("droplet", f"id {row['id']}", "a new one"), *changes)
        costs = {"cost_before": current_cost(row), "cost_after": monthly_cost(prices[droplet.size], droplet.backups)}

        def apply() -> None:
            with self._one_down:
                self._deletions.delete(row["id"])
                # The old one was ready, and must not count for the new one of its name.
                self._remember([other for other in self._rows if other["id"] != row["id"]])
                self.settle_removal()
                self._create([droplet])

        return Step(REPLACE, "droplet", droplet.name, changes, apply, notes=words.lost(row), **costs)

    # -- wait

    def settle(self) -> None:
        """Wait until the declared droplets are active and have addresses."""
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
        names = {droplet.name for droplet in self.wanted}
        return {name for name in names if name in self._planned or self.context.is_chosen(self.kind, name)} - ready

    def _look(self) -> bool:
        self._read()
        waiting = self._waiting()
        LOGGER.info("droplets ready: %s of %s", len(self.wanted) - len(waiting), len(self.wanted))
        unlisted = waiting - {row["name"] for row in self.existing()}
        check_creations(self.context.client, self._actions, unlisted)
        check_presence(self.context.client, {name: id for name, id in self._planned.items() if name in unlisted})
        return not waiting

    def _read(self) -> None:
        tag = self.context.names.owner_tag
        self._remember(self.context.client.list("/droplets", "droplets", tag_name=tag))

    # -- remove

    def surplus(self, account: Account) -> list[Step]:
        keep = {droplet.name for droplet in self.wanted}
        return [
            Step(
                DELETE,
                "droplet",
                row["name"],
                apply=lambda id=row["id"]: self._deletions.delete(id),
                cost_before=current_cost(row),
            )
            for row in account["droplets"]
            if droplet_compare.belongs(row, self.context.names, account["vpcs"]) and row["name"] not in keep
        ]

    def settle_removal(self) -> None:
        self._deletions.settle()

    # -- outcome

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        return {"droplets": [droplet_compare.show(row, self.context.names, self._made) for row in self.existing()]}

    def members(self, account: Account) -> list[str]:
        return [droplet.name for droplet in self.wanted]

    def urns(self, account: Account) -> list[str]:
        names, vpcs = self.context.names, account["vpcs"]
        return [self.urn_of(row["id"]) for row in account["droplets"] if droplet_compare.belongs(row, names, vpcs)]

    def outputs(self) -> dict[str, Any]:
        user, shown = self.context.declared["ssh_user"], self.rows()["droplets"]
        return {
            "droplet_id": {row["name"]: row["id"] for row in shown},
            "droplet_ip": {row["name"]: row["public_ip"] for row in shown if row["public_ip"]},
            "droplet_private_ip": {row["name"]: row["private_ip"] for row in shown if row["private_ip"]},
            "ssh_command": {row["name"]: f"ssh {user}@{row['public_ip']}" for row in shown if row["public_ip"]},
        }
