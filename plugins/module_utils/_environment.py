# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One environment: check the declaration, read the account, plan, carry the plan out in dependency order."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _droplet, _firewall, _ssh_key, _tag, _vpc
from ._account import Account, Row, read_account, read_catalogue, together
from ._client import ApiError, Client
from ._names import Names
from ._plan import NOOP, UPDATE, Ids, Problems, Step

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
    """`declared` is complete and has no problem of its own: see _declaration."""

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
        self._ids = Ids()
        self._found: list[Row] = []
        self._made: set[str] = set()

    # -- plan

    def plan(self) -> Plan:
        """Raises Problems before anything is written."""
        account = read_account(self._client, [] if self.is_absent else self._fingerprints())
        self._found = account.droplets
        if self.is_absent:
            return self._removal(account)
        ready = {row["name"] for row in account.droplets if row["status"] != "new"}
        self._made = {droplet.name for droplet in self.droplets} - ready
        return self._change(account)

    def _fingerprints(self) -> list[str]:
        return [_ssh_key.fingerprint(key["public_key"]) for key in self.declared["ssh_keys"]]

    def _tags(self) -> list[str]:
        of_droplets = [tag for droplet in self.droplets for tag in droplet.tags]
        of_rules = [
            self.names.group_tag(group)
            for firewall in self.declared["firewalls"].values()
            for direction, _field, side in _firewall.SIDES
            for rule in firewall[direction] or []
            for group in rule[side]["groups"]
        ]
        return list(dict.fromkeys([self.names.owner_tag, *of_droplets, *of_rules]))

    def _change(self, account: Account) -> Plan:
        declared, names, client = self.declared, self.names, self._client
        surplus_droplets = _droplet.surplus(self.droplets, names, account, self._delete_droplet)
        surplus_firewalls = _firewall.surplus(list(declared["firewalls"]), names, account, client)
        vpc = _vpc.find(names.vpc, account.vpcs)
        missing = _droplet.missing(self.droplets, account)
        problems = _vpc.conflicts(names.vpc, declared["vpc"], declared["region"], account)
        problems += _droplet.problems(self.droplets, declared["region"], vpc["id"] if vpc else "", names, account)
        if not declared["prune"]:
            problems += _surplus_problems("droplets", surplus_droplets, " with their data")
            problems += _surplus_problems("firewalls", surplus_firewalls)
        if missing or not vpc:
            problems += _droplet.catalogue_problems(missing, declared["region"], read_catalogue(client))
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
                _firewall.steps(declared["firewalls"], names, account, client, self._ids),
                _droplet.steps(self.droplets, common, names, account, client, self._ids),
                surplus_droplets,
                [*surplus_firewalls, *unused],
            ]
        )

    def _removal(self, account: Account) -> Plan:
        """The account's keys stay: other environments and other tools may use them."""
        names, client = self.names, self._client
        vpc = _vpc.find(names.vpc, account.vpcs)
        return Plan(
            [
                _droplet.surplus([], names, account, self._delete_droplet),
                _firewall.surplus([], names, account, client),
                _tag.surplus([], names, account, client),
                [_vpc.removal(vpc, lambda: self._delete_vpc(vpc["id"]))] if vpc else [],
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

    def ready(self, plan: Plan) -> list[Row]:
        """The declared droplets, once all of them are active and have their addresses."""
        names = {droplet.name for droplet in self.droplets}
        deadline = self._clock() + self.declared["wait_timeout"]
        pause = 0.5
        if any((step.kind, step.action) == ("droplet", UPDATE) for step in plan.work):
            self._read_droplets()
        while waiting := names - {row["name"] for row in self.existing() if _droplet.is_ready(row)}:
            self._check_actions(waiting)
            if self._clock() > deadline:
                raise ApiError(
                    f"Not active within {self.declared['wait_timeout']} s: {', '.join(sorted(waiting))}. "
                    "Run again to wait on; if it stays so, look at the droplet in the control panel."
                )
            self._sleep(pause)
            pause = min(pause * 1.5, 5.0)
            self._read_droplets()
        if twins := _droplet.duplicates(self.droplets, self._found):
            raise Problems(["Did another run make droplets at the same time?", *twins])
        return self.existing()

    def _read_droplets(self) -> None:
        self._found = self._client.list("/droplets", "droplets", tag_name=self.names.owner_tag)

    def _check_actions(self, waiting: set[str]) -> None:
        """A droplet that is not listed is either not listed yet, or could not be made: its action tells."""
        listed = {row["name"] for row in self.existing()}
        for name in sorted(waiting - listed):
            action = self._ids.actions.get(name)
            reply = self._client.find(f"/actions/{action}") if action else None
            if reply and reply["action"]["status"] == "errored":
                raise ApiError(
                    f"DigitalOcean accepted the droplet {name} but could not make it (action {action} "
                    "errored). Run again; if it stays so, try another size or region."
                )

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
                if error.status not in (403, 409) or self._clock() > deadline:
                    raise
            self._sleep(2.0)

    # -- outcome

    def outcome(self, plan: Plan, rows: list[Row]) -> dict[str, Any]:
        droplets = [_droplet.show(row, self.names, self._made) for row in rows]
        return {
            "changed": bool(plan.work),
            "plan": [step.show() for step in plan.steps],
            "droplets": droplets,
            "outputs": {
                "vpc_id": self._ids.vpc,
                "firewall_ids": self._ids.firewalls,
                "ssh_commands": {
                    row["name"]: f"ssh {self.declared['ssh_user']}@{row['public_ip']}"
                    for row in droplets
                    if row["public_ip"]
                },
            },
            "api_calls": self._client.calls,
        }


def _surplus_problems(option: str, steps: list[Step], loss: str = "") -> list[str]:
    if not steps:
        return []
    return [
        f"{option}: the account has {', '.join(step.name for step in steps)}, which the declaration has not. Declare "
        f"them (a larger count, a group), or set prune (provision_prune) to true to delete them{loss}."
    ]
