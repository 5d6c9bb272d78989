# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order hosts are brought up to date, which of them reboot, and what people are told beforehand. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Looks = Mapping[str, Mapping[str, Any]]  # what module os_update returned, by host
ALWAYS, NEVER = "always", "never"


@dataclass(frozen=True)
class UpdatePlan:
    """`reboot` is auto, always or never. `members` are the hosts of a Swarm, and `last` those that come last, in their
    order: managers, and the leader at the very end, so that leadership changes once. Visitors of the hosts in `alone`
    have no other one to go to."""

    reboot: str = "auto"
    members: Sequence[str] = ()
    last: Sequence[str] = ()
    alone: Sequence[str] = ()

    def of(self, looks: Looks) -> dict[str, Any]:
        """Return the `queue` of hosts with something to do, what is done on each, and `lines` for people."""
        order = sorted(looks, key=lambda name: (self.last.index(name) + 1 if name in self.last else 0, name))
        hosts = {name: self._host(name, looks[name]) for name in order}
        queue = [name for name in order if hosts[name]["packages"] or hosts[name]["reboots"]]
        lines = [line for number, name in enumerate(queue, 1) for line in self._lines(number, name, looks[name])]
        idle = [name for name in order if name not in queue]
        lines += [f"Nothing to do: {', '.join(idle)}"] if idle else []
        return {"queue": queue, "hosts": hosts, "lines": lines}

    def reboots(self, reasons: Sequence[str]) -> bool:
        return self.reboot == ALWAYS or (self.reboot != NEVER and bool(reasons))

    def _host(self, name: str, look: Mapping[str, Any]) -> dict[str, Any]:
        reboots = self.reboots(look["reboot"])
        is_member = name in self.members and len(self.members) > 1
        return {
            "packages": len(look["packages"]),
            "reboots": reboots,
            "drains": is_member and (reboots or bool(look["engine"])),
            # An upgrade may ask for a reboot that nobody knows of before.
            "may_drain": is_member
            and (reboots or bool(look["engine"]) or (bool(look["packages"]) and self.reboot != NEVER)),
        }

    def _lines(self, number: int, name: str, look: Mapping[str, Any]) -> list[str]:
        plan, reasons = self._host(name, look), "; ".join(look["reboot"])
        parts = [f"{plan['packages']} package{'s' * (plan['packages'] != 1)}"] if plan["packages"] else []
        if plan["reboots"]:
            parts.append(f"a reboot ({reasons or 'asked for'})")
        elif reasons:
            parts.append(f"no reboot, although {reasons}")
        more = ". Its tasks move to other nodes first" if plan["drains"] else ""
        if plan["reboots"] and name in self.alone:
            seconds = look.get("start_seconds")
            last = f"; the last start took {seconds} s, and it has to stop before" if seconds else ""
            more = f". Visitors wait while it is away{last}"
        return [f"{number}. {name}: {', then '.join(parts)}{more}", *(f"     {one}" for one in look["packages"])]
