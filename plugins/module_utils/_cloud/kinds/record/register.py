# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The register of the DNS records that an environment has made, in the domain itself: docs/decisions/0009."""

from __future__ import annotations

import contextlib
from typing import Any

from ...account import Account, Reads, Row
from ...client import ApiError
from ...plan import CREATE, DELETE, NOOP, UPDATE, Change, Step
from ...resource import ATTACHED, PROJECT, Context, Resource
from .. import domain as domain_kind
from . import owner as record_owner
from .form import Record, wanted
from .owner import Claim
from .record import Records


class Register(Resource):
    """Which records the environment has made, in the domain itself. It is written after them, since only then is it
    known which they are; and taken away after them, so that a run cut off in between leaves none without an owner."""

    kind = "record"
    phase = PROJECT
    requires = (("domain", ""),)
    doubles = "zones"

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared = None if context.is_absent else context.declared["domain"]
        self._domain = declared["name"] if declared else ""
        self._ttl = declared["ttl"] if declared else 0
        self._rows: list[Row] = []  # the register's own
        self._claims: set[Claim] = set()
        self._is_written = False

    def reads(self) -> Reads:
        return domain_kind.reads(self.context)

    def steps(self, account: Account) -> list[Step]:
        if not self._domain:
            return []
        rows = account["zones"].get(self._domain, [])
        declared, leaving = self._outlook(account)
        self._rows = record_owner.own_register(rows, self.context.names)
        staying = {id for id, _record in declared if id is not None}
        ours = self._claimed(rows)
        self._claims = {_claim(row) for row in rows if row["id"] in staying | (ours - leaving)}
        if not declared and not self._rows:
            return []
        lines, present = record_owner.register_lines(self._claims, self.context.names), self._lines()
        if len(staying) == len(declared) and lines == present:
            return [Step(NOOP, self.kind, self._title(self._domain))]
        before = sorted(_told(row) for row in rows if row["id"] in ours)
        after = [_told(row) for row in rows if row["id"] in ours - staying - leaving]
        after = sorted([*after, *(f"{r.type} {r.name} {r.shown()['data']}" for _id, r in declared)])
        change = Change("data", present, lines) if before == after else Change("owns", before or None, after)
        action = UPDATE if self._rows else CREATE
        return [Step(action, self.kind, self._title(self._domain), (change,), self._write)]

    def _lines(self) -> list[str]:
        return sorted(row["data"] for row in self._rows)

    def _claimed(self, rows: list[Row]) -> set[int]:
        owner = self.context.names.owner_tag
        return {id for id, tag in record_owner.registered(rows).items() if tag == owner}

    def _outlook(self, account: Account) -> tuple[list[tuple[int | None, Record]], set[int]]:
        """Return each declared record with the id that it has or will take over, and the ids of records that will be
        deleted."""
        declared: list[tuple[int | None, Record]] = []
        leaving: set[int] = set()
        for in_the_way, matched, rest in Records(self.context).matches(account):
            declared += [(id, record) for id, _before, record in matched]
            leaving |= {row["id"] for row in in_the_way} | {id for id, _record in rest}
        return declared, leaving

    def _write(self) -> None:
        """Write the claims that were there and those of this run."""
        self._is_written = True
        self._put(self._domain, self._rows, self._claims | self._made())

    def _made(self) -> set[Claim]:
        return set(map(_claim, self.context.known.rows("record")))

    def _put(self, domain: str, rows: list[Row], claims: set[Claim]) -> None:
        """Write new texts before old ones are deleted, so that a run that is cut off loses no claim."""
        client, path, names = self.context.client, f"/domains/{domain}/records", self.context.names
        lines = record_owner.register_lines(claims, names)
        for line in lines:
            if line not in {row["data"] for row in rows}:
                body = {"type": "TXT", "name": record_owner.register_name(names), "data": line, "ttl": self._ttl}
                client.create(path, body, lambda line=line: self._look_up(path, line))
        for row in rows:
            if row["data"] not in lines:
                client.delete(f"{path}/{row['id']}")

    def _look_up(self, path: str, line: str) -> dict[str, Any] | None:
        name = record_owner.register_name(self.context.names)
        rows = self.context.client.list(path, "domain_records")
        same = [row for row in rows if (row["type"], row["name"], row["data"]) == ("TXT", name, line)]
        return {"domain_record": same[0]} if same else None

    def salvage(self) -> None:
        """Write the register after a failure, if that is possible: what made the run fail may stop this as well."""
        if self._domain and not self._is_written and self.context.known.rows("record"):
            with contextlib.suppress(ApiError):
                self._write()

    def _title(self, domain: str) -> str:
        return record_owner.register_title(self.context.names, domain)

    def surplus(self, account: Account) -> list[Step]:
        """Remove the claims of records that are deleted."""
        if not self.context.may_delete:
            return []
        found = []
        for domain, rows in account["zones"].items():
            registers = record_owner.own_register(rows, self.context.names)
            gone = record_owner.leftover(self.context, domain, rows, account)
            gone = [row for row in gone if not record_owner.is_register(row)]
            if registers and (gone or domain != self._domain):
                found.append(self._shrink(domain, rows, gone))
        return found

    def _shrink(self, domain: str, rows: list[Row], gone: list[Row]) -> Step:
        title, registers = self._title(domain), record_owner.own_register(rows, self.context.names)
        if domain != self._domain or not wanted(self.context.declared, self.context.names):
            lines = tuple(Change("data", row["data"], None) for row in registers)
            return Step(DELETE, self.kind, title, lines, lambda: self._put(domain, registers, set()), phase=ATTACHED)

        def apply() -> None:
            """Keep the claims of records that exist; this run may have written the register anew."""
            now = self.context.client.list(f"/domains/{domain}/records", "domain_records")
            claims = {_claim(row) for row in now if row["id"] in self._claimed(now)}
            self._put(domain, record_owner.own_register(now, self.context.names), claims)

        change = Change("owns", sorted(map(_told, gone)), [])
        return Step(UPDATE, self.kind, title, (change,), apply, phase=ATTACHED)


def _claim(row: Row) -> Claim:
    return row["type"], row["name"], row["id"]


def _told(row: Row) -> str:
    return f"{row['type']} {row['name']} {row['data']}"
