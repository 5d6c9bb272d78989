# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One environment: check the declaration, read the account, plan, carry the plan out in dependency order."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _droplet, _firewall, _ssh_key, _tag, _vpc
from ._account import Account, Row, read_account, read_catalogue, together
from ._client import ApiError, Client
from ._names import Names
from ._plan import CREATE, DELETE, NOOP, Problems, Step

NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
USER_DATA_LIMIT = 64 * 1024  # bytes
LAG_SECONDS = 60.0  # a deleted droplet counts as a member of its VPC for a while


@dataclass(frozen=True)
class Plan:
    """Phases run one after the other, the steps of a phase side by side."""

    phases: list[list[Step]]

    @property
    def steps(self) -> list[Step]:
        return [step for phase in self.phases for step in phase]

    @property
    def work(self) -> list[Step]:
        return [step for step in self.steps if step.action != NOOP]


class Environment:
    def __init__(
        self,
        declared: dict[str, Any],
        client: Client,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.declared = declared
        self.names = Names(declared["project"], declared["environment"])
        self.is_absent = declared["state"] == "absent"
        self.droplets = [] if self.is_absent else _droplet.wanted(declared["droplets"], self.names)
        self._client = client
        self._sleep = sleep
        self._clock = clock
        self._ids: dict[str, Any] = {}
        self._found: list[Row] = []

    # -- plan

    def plan(self) -> Plan:
        """Raises Problems before anything is written."""
        if problems := self._own_problems():
            raise Problems(problems)
        account = read_account(self._client, [] if self.is_absent else self._fingerprints())
        self._found = account.droplets
        return self._removal(account) if self.is_absent else self._change(account)

    def _own_problems(self) -> list[str]:
        """Those that can be seen without asking anybody."""
        declared = self.declared
        found = []
        for word, where in [
            (declared["project"], "project"),
            *((group, f"droplets.{group}") for group in declared["droplets"]),
            *((name, f"firewalls.{name}") for name in declared["firewalls"]),
            *((g, f"droplets.{name}.groups") for name, d in declared["droplets"].items() for g in d["groups"]),
        ]:
            allowed = word.replace("_", "-") if where.endswith(".groups") else word  # a group may have underscores
            if not NAME.fullmatch(allowed):
                found.append(
                    f"{where}: {word!r} is not a name: lower-case letters, digits and inner hyphens, 32 at most."
                )
        for group, droplet in declared["droplets"].items():
            if droplet["count"] < 0:
                found.append(f"droplets.{group}.count: {droplet['count']} is less than 0.")
        if len(declared["user_data"].encode()) > USER_DATA_LIMIT:
            found.append("user_data: it is longer than 64 KiB, the most that DigitalOcean takes.")
        found += _vpc.problems(declared["vpc"], declared["region"])
        found += _ssh_key.problems(declared["ssh_keys"])
        found += _firewall.problems(declared["firewalls"])
        return found

    def _fingerprints(self) -> list[str]:
        return [_ssh_key.fingerprint(key["public_key"]) for key in self.declared["ssh_keys"]]

    def _tags(self) -> list[str]:
        of_droplets = [tag for droplet in self.droplets for tag in droplet.tags]
        of_rules = [
            self.names.group_tag(group)
            for firewall in self.declared["firewalls"].values()
            for direction, _field, side in _firewall.SIDES
            for rule in firewall.get(direction) or []
            for group in (rule.get(side) or {}).get("groups") or []
        ]
        return list(dict.fromkeys([self.names.owner_tag, *of_droplets, *of_rules]))

    def _change(self, account: Account) -> Plan:
        declared, names, client = self.declared, self.names, self._client
        surplus = {
            "droplets": _droplet.surplus(self.droplets, names, account, self._delete_droplet),
            "firewalls": _firewall.surplus(list(declared["firewalls"]), names, account, client),
        }
        problems = _vpc.conflicts(names.vpc, declared["vpc"], declared["region"], account)
        problems += _droplet.problems(self.droplets, declared["region"], names, account)
        if not declared["prune"]:
            problems += [
                f"{kind}: {', '.join(step.name for step in steps)} exist and are not declared. Declare them, or set "
                f"prune to delete them{' with their data' if kind == 'droplets' else ''}."
                for kind, steps in surplus.items()
                if steps
            ]
        if not problems and _droplet.is_missing(self.droplets, account):
            catalogue = read_catalogue(client)
            problems += _droplet.catalogue_problems(declared["droplets"], declared["region"], catalogue)
        if problems:
            raise Problems(problems)
        common = {"region": declared["region"], "ssh_keys": self._fingerprints(), "user_data": declared["user_data"]}
        tags = _tag.steps(self._tags(), account, client)
        unused = _tag.surplus(self._tags(), names, account, client) if declared["prune"] else []
        return Plan(
            [
                [
                    _vpc.step(names.vpc, declared["vpc"], declared["region"], account, client, self._ids),
                    *_ssh_key.steps(declared["ssh_keys"], account, client),
                    *tags,
                ],
                # Before the droplets, so that none is ever without them.
                _firewall.steps(declared["firewalls"], names, account, client),
                _droplet.steps(self.droplets, common, names, account, client, self._ids),
                surplus["droplets"],
                [*surplus["firewalls"], *unused],
            ]
        )

    def _removal(self, account: Account) -> Plan:
        """The account's keys stay: other environments and other tools may use them."""
        names, client = self.names, self._client
        vpc = _vpc.find(names.vpc, account)
        return Plan(
            [
                _droplet.surplus([], names, account, self._delete_droplet),
                _firewall.surplus([], names, account, client),
                _tag.surplus([], names, account, client),
                [Step(DELETE, "vpc", names.vpc, apply=lambda: self._delete_vpc(vpc["id"]))] if vpc else [],
            ]
        )

    # -- apply

    def carry_out(self, plan: Plan) -> None:
        for phase in plan.phases:
            together([step.apply for step in phase if step.apply])

    def existing(self) -> list[Row]:
        """The declared droplets as the plan found them."""
        names = {droplet.name for droplet in self.droplets}
        return sorted((row for row in self._found if row["name"] in names), key=lambda row: row["name"])

    def ready(self) -> list[Row]:
        """The declared droplets, once all of them are active and have their addresses."""
        names = {droplet.name for droplet in self.droplets}
        deadline = self._clock() + self.declared["wait_timeout"]
        pause = 1.0
        rows = self.existing()
        while waiting := names - {row["name"] for row in rows if _droplet.is_ready(row)}:
            if self._clock() > deadline:
                raise ApiError(
                    f"Not active within {self.declared['wait_timeout']} s: {', '.join(sorted(waiting))}. "
                    "Run again to wait on; if it stays so, look at the droplet in the control panel."
                )
            self._sleep(pause)
            pause = min(pause * 1.5, 5.0)
            self._found = self._client.list("/droplets", "droplets", tag_name=self.names.owner_tag)
            rows = self.existing()
        return rows

    def _delete_droplet(self, id: int) -> None:
        """Returns when it is gone: until then it holds its VPC and its firewalls."""
        self._client.delete(f"/droplets/{id}")
        deadline = self._clock() + self.declared["wait_timeout"]
        while self._client.find(f"/droplets/{id}"):
            if self._clock() > deadline:
                raise ApiError(f"Droplet {id} is not deleted within {self.declared['wait_timeout']} s. Run again.")
            self._sleep(1.0)

    def _delete_vpc(self, id: str) -> None:
        deadline = self._clock() + LAG_SECONDS
        while True:
            try:
                return self._client.delete(f"/vpcs/{id}")
            except ApiError as error:
                if error.status == 403 and "default" in str(error):
                    return None  # the region's default VPC cannot be deleted, by anybody; it costs nothing
                if error.status not in (403, 409) or self._clock() > deadline:
                    raise
            self._sleep(2.0)

    # -- outcome

    def outcome(self, plan: Plan, rows: list[Row]) -> dict[str, Any]:
        made = {step.name for step in plan.steps if (step.action, step.kind) == (CREATE, "droplet")}
        droplets = [_droplet.show(row, self.names, made) for row in rows]
        return {
            "changed": bool(plan.work),
            "plan": [step.show() for step in plan.steps],
            "droplets": droplets,
            "vpc_id": self._ids.get("vpc", ""),
            "api_calls": self._client.calls,
        }
