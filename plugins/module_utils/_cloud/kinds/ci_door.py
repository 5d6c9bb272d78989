# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Doors for SSH that a run of CI has opened (playbooks/ci_door.yml). None is ever declared: one that is open is drift,
and every run takes away those that are over."""

from __future__ import annotations

import time

from ..account import Account, Reads
from ..door import Found, find
from ..doors import Doors
from ..plan import DELETE, UPDATE, Change, Step
from ..resource import FIREWALLS, Context, Resource

OPEN = "SSH is open for {address} until {end}. ci_door.yml -e state=closed -e address={address} closes it before."


class CiDoors(Resource):
    kind = "ci_door"
    phase = FIREWALLS

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._doors = Doors(context.client, context.names)

    def reads(self) -> Reads:
        client = self.context.client
        return {
            "tags": lambda: client.list("/tags", "tags"),
            "firewalls": lambda: client.list("/firewalls", "firewalls"),
        }

    def _found(self, account: Account) -> list[Found]:
        return find(account["tags"], account["firewalls"], self.context.names)

    def steps(self, account: Account) -> list[Step]:
        """Close what is over. It is no deletion of the declaration's, so that it needs neither `prune` nor consent."""
        return [
            Step(
                UPDATE,
                self.kind,
                found.door.firewall(self.context.names),
                (Change("state", f"ended {found.door.end}", "closed"),),
                lambda found=found: self._doors.close(found),
            )
            for found in self._found(account)
            if found.door.is_over(time.time())
        ]

    def surplus(self, account: Account) -> list[Step]:
        steps = []
        for found in self._found(account):
            name = found.door.firewall(self.context.names)
            if self.context.is_absent:
                steps.append(Step(DELETE, self.kind, name, apply=lambda found=found: self._doors.close(found)))
            elif not found.door.is_over(time.time()):
                said = OPEN.format(address=found.door.address, end=found.door.end)
                steps.append(Step(DELETE, self.kind, name).keep(said))
        return steps
