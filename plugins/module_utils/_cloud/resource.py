# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every kind of resource gives to the plan: one class per kind, in a file of its own. See docs/architecture.md."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from .account import Account, Reads, Row
from .client import ApiError, Client
from .names import Names
from .plan import Step

T = TypeVar("T")

# When a kind is made. Phases run one after the other, deletions in reverse.
BASE = 0  # what others refer to: VPC, keys, tags, domains
FIREWALLS = 1  # before the droplets, so that none is ever without them
DROPLETS = 2
ATTACHED = (
    3  # reserved IPs, volumes, load balancers, alerts, which need a droplet's id; Spaces keys, which need buckets
)
RECORDS = 4  # they need addresses
PROJECT = 5  # the assignment of all that was made
PHASES = (BASE, FIREWALLS, DROPLETS, ATTACHED, RECORDS, PROJECT)


class Known:
    """The resources' rows by kind and name: as they were read, then as they were made while the run goes on."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[str, Row]] = {}

    def put(self, kind: str, name: str, row: Row) -> None:
        self._rows.setdefault(kind, {})[name] = row

    def drop(self, kind: str, name: str) -> None:
        self._rows.get(kind, {}).pop(name, None)

    def row(self, kind: str, name: str) -> Row | None:
        return self._rows.get(kind, {}).get(name)

    def rows(self, kind: str) -> list[Row]:
        return list(self._rows.get(kind, {}).values())

    def id(self, kind: str, name: str) -> Any:
        """Return the id; empty while there is none."""
        return (self.row(kind, name) or {}).get("id", "")

    def ids(self, kind: str) -> dict[str, Any]:
        return {name: row["id"] for name, row in self._rows.get(kind, {}).items() if "id" in row}

    def all_ids(self) -> dict[str, dict[str, Any]]:
        return {kind: self.ids(kind) for kind in self._rows}


@dataclass(frozen=True)
class Wait:
    """Waiting for the API, with the clock and sleep of whoever runs it."""

    limit: float
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic

    def until(self, ask: Callable[[], T | None], late: Callable[[], str], *, pause: float = 0.5) -> T:
        """Wait after a write until `ask` gives something true, and return that. Pauses grow. Raise ApiError after
        `limit` seconds."""
        deadline = self.clock() + self.limit
        while True:
            self.sleep(pause)
            if answer := ask():
                return answer
            if self.clock() > deadline:
                raise ApiError(late())
            pause = min(pause * 1.5, 5.0)

    def through(self, call: Callable[[], T], statuses: tuple[int, ...], limit: float, *, pause: float = 2.0) -> T:
        """Repeat a call that the API refuses with one of `statuses`, for `limit` seconds, while an earlier change takes
        effect."""
        deadline = self.clock() + limit
        while True:
            try:
                return call()
            except ApiError as error:
                if error.status not in statuses or self.clock() > deadline:
                    raise
            self.sleep(pause)


@dataclass(frozen=True)
class Context:
    """What all kinds share in one run."""

    declared: dict[str, Any]
    names: Names
    client: Client
    wait: Wait
    known: Known = field(default_factory=Known)
    resources: list[Resource] = field(default_factory=list)  # all kinds of the run, for one that looks at the others
    chosen: dict[str, set[str]] = field(default_factory=dict)  # names by kind, when only some are planned

    @property
    def is_absent(self) -> bool:
        """Whether nothing is declared, so that all that is ours is surplus."""
        return self.declared["state"] == "absent"

    def is_chosen(self, kind: str, name: str) -> bool:
        """Whether the plan has this one: all, unless targets were named."""
        return not self.chosen or name in self.chosen.get(kind, ())

    @property
    def may_delete(self) -> bool:
        return self.is_absent or self.declared["prune"]


class Resource:
    """One kind of resource in one run. Only `steps` and `surplus` make work, and only a step's `apply` writes."""

    kind: ClassVar[str]
    phase: ClassVar[int]
    arguments: ClassVar[dict[str, Any]] = {}  # its part of the module's argument_spec; documented in the module
    # The listing that shows whether another run has made one since the plan; None: the API itself refuses a second one.
    doubles: ClassVar[str | None] = None
    # What losing it means, for the refusal of a surplus without `prune`; None: a surplus is kept then, and named.
    loss: ClassVar[str | None] = None

    # What none of its resources can be made without: kinds, each with a name, or with none for all of it.
    requires: ClassVar[tuple[tuple[str, str], ...]] = ()

    urn_noun: ClassVar[str] = ""  # what its URN says of its kind; empty: it belongs to no DigitalOcean project
    urn_key: ClassVar[str] = "id"  # the field of its row that the URN ends with; empty: the name

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        """Fill in defaults of its options in `declared`; return their problems, before any request is sent. Pure."""
        return []

    def __init__(self, context: Context) -> None:
        self.context = context

    def reads(self) -> Reads:
        """Return the listings that it needs, by name. Resources that name the same listing share one request."""
        return {}

    def more_reads(self, account: Account) -> Reads:
        """Return the listings that need the first ones: a second round trip."""
        return {}

    def problems(self, account: Account) -> list[str]:
        """Return what in the account makes the declaration impossible."""
        return []

    def warnings(self, account: Account) -> list[str]:
        """Return differences that no run can change."""
        return []

    def steps(self, account: Account) -> list[Step]:
        """Return a step for each declared resource, and put what exists into `known`. Not called when the state is
        absent."""
        return []

    def surplus(self, account: Account) -> list[Step]:
        """Return deletions of what is ours and not declared, and a `keep` for what stays all the same. Without `prune`
        the plan keeps all of it."""
        return []

    def aliases(self, name: str) -> set[str]:
        """Return what one of its resources is called in the declaration besides its own name, for targets."""
        return set()

    def needs(self, name: str) -> list[tuple[str, str]]:
        """Return what one of its resources cannot be made without, as `requires` has it."""
        return [*self.requires]

    def secrets(self) -> dict[str, str]:
        """Return variables for the vault file: what the API has told once, in a run that has failed too."""
        return {}

    def salvage(self) -> None:
        """Note what a failed run has made, so that the next run knows it."""

    def settle(self) -> None:
        """Wait, when its phase is done, until later phases can use what was made."""

    def settle_removal(self) -> None:
        """Wait, when its deletions are done, until what was deleted holds nothing else any more."""

    def members(self, account: Account) -> list[str]:
        """Return the names of what is declared and belongs in the environment's DigitalOcean project."""
        return []

    def urn(self, name: str) -> str:
        """Return the URN of one of `members`. While it is not made it has no id, and this is the URN of nothing."""
        row = self.context.known.row(self.kind, name) or {}
        return self.urn_of(row.get(self.urn_key, "") if self.urn_key else name)

    def urn_of(self, id: Any) -> str:
        return f"do:{self.urn_noun}:{id}"

    def urns(self, account: Account) -> list[str]:
        """Return the URNs of what goes with the environment."""
        return []

    def outputs(self) -> dict[str, Any]:
        """Return its part of the result's `outputs`."""
        return {}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return what it adds to the result beside `outputs`, by the result's key."""
        return {}
