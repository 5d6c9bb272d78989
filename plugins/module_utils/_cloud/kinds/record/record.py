# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""DNS records. A declared name and type is wholly ours; of the rest only what belongs to the environment is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ...account import Account, Reads, Row
from ...client import ApiError
from ...names import Names
from ...plan import CREATE, DELETE, NOOP, REPLACE, UPDATE, Change, Step, changed, created
from ...resource import RECORDS, Context, Resource
from .. import domain as domain_kind
from . import owner as record_owner
from .form import LOAD_BALANCER, RESERVED_IP, Record, Slot, body, current, problems, title, wanted

Pair = tuple["int | None", "Record | None", Record]  # the id and form of what is there, and what is declared


def pairs(present: list[tuple[int, Record]], declared: list[Record]) -> tuple[list[Pair], list[tuple[int, Record]]]:
    """Pair each declared record of a slot with the existing one to update; also return the surplus rows."""
    rest = sorted(present, key=lambda pair: (pair[1].data, pair[0]))
    found: dict[Record, Pair] = {}

    def take(fits: Callable[[Record, Record], bool]) -> None:
        for record in declared:
            match = next((pair for pair in rest if fits(pair[1], record)), None)
            if record not in found and match:
                rest.remove(match)
                found[record] = (*match, record)

    take(lambda before, after: before.fields() == after.fields())
    take(lambda before, after: before.data == after.data)
    take(lambda before, after: True)
    return [found.get(record, (None, None, record)) for record in declared], rest


def blockers(rows: list[Row], domain: str, records: list[Record]) -> list[Row]:
    """Return records that cannot exist beside the declared ones: an alias allows nothing else under its name."""
    aliases = {record.name: record.type == "CNAME" for record in records}
    return [
        row
        for row in rows
        if not record_owner.is_the_domains_own(row)
        and (name := current(row, domain).name) in aliases
        and aliases[name] != (row["type"] == "CNAME")
    ]


class Records(Resource):
    kind = "record"
    phase = RECORDS
    doubles = "zones"

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        return problems(declared, names) if declared["domain"] else []

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared = None if context.is_absent else context.declared["domain"]
        self._domain = declared["name"] if declared else ""
        self._wanted = wanted(context.declared, context.names) if declared else []
        self._path = f"/domains/{self._domain}/records"

    def reads(self) -> Reads:
        return domain_kind.reads(self.context)

    def problems(self, account: Account) -> list[str]:
        """Report names that belong to another environment. Environments may share a domain, but not a name."""
        rows, ours = self._rows(account), self.context.names.owner_tag
        owner = record_owner.owners(rows, self._domain, account)
        slots = {record.slot for record in self._wanted}
        blocking = blockers(rows, self._domain, self._wanted)
        return [
            f"domain: {title(current(row, self._domain), self._domain)} ({row['data']}) belongs to the environment "
            f"{owner[row['id']]}. Choose another name (domain.hosts, domain.records), or take it out there first."
            for row in rows
            if owner.get(row["id"], ours) != ours and (row in blocking or current(row, self._domain).slot in slots)
        ]

    def _rows(self, account: Account) -> list[Row]:
        return account["zones"].get(self._domain, []) if self._domain else []

    def _address(self, record: Record) -> str:
        """Return the address of a source; empty while it is not known."""
        known, names = self.context.known, self.context.names
        if record.source == RESERVED_IP:
            return (known.row(RESERVED_IP, names.reserved_ip) or {}).get("ip") or ""
        if record.source == LOAD_BALANCER:
            row = known.row(LOAD_BALANCER, names.load_balancer) or {}
            return row.get("ip" if record.type == "A" else "ipv6") or ""
        return record_owner.addresses(known.row("droplet", record.source) or {}).get(record.type, "")

    def _filled(self) -> list[Record]:
        return [replace(r, data=self._address(r), source=r.source) if r.source else r for r in self._wanted]

    def _is_chosen(self, record: Record) -> bool:
        """Whether the plan has a record. All of one name and type go together."""
        if not self.context.chosen:
            return True
        name, chosen = title(record, self._domain), self.context.chosen.get(self.kind, set())
        return any(f"{one} ".startswith(f"{name} ") for one in chosen)

    def matches(self, account: Account) -> list[tuple[list[Row], list[Pair], list[tuple[int, Record]]]]:
        """Return for each declared name and type the records in the way, the pairs of `pairs`, and the surplus ones."""
        rows = self._rows(account)
        blocking = blockers(rows, self._domain, self._wanted)
        present: dict[Slot, list[tuple[int, Record]]] = {}
        for row in rows:
            record = current(row, self._domain)
            present.setdefault(record.slot, []).append((row["id"], record))
        slots: dict[Slot, list[Record]] = {}
        for record in filter(self._is_chosen, self._filled()):
            slots.setdefault(record.slot, []).append(record)
        found = []
        for slot, records in slots.items():
            in_the_way = [row for row in blocking if current(row, self._domain).name == slot[1]]
            there = [] if in_the_way else present.get(slot, [])
            found.append((in_the_way, *pairs(there, records)))
        return found

    def steps(self, account: Account) -> list[Step]:
        found = []
        for in_the_way, matched, rest in self.matches(account):
            if in_the_way:
                found += self._replace(in_the_way, [record for _id, _before, record in matched])
                continue
            found += [self._step(pair, len(matched) > 1) for pair in matched]
            found += [self._delete(id, record) for id, record in rest]
        return found

    def needs(self, name: str) -> list[tuple[str, str]]:
        """Return the domain, what the record points to, and the register that names it."""
        found = [("domain", ""), (self.kind, record_owner.register_title(self.context.names, self._domain))]
        for record in self._wanted:
            if record.source and f"{name} ".startswith(f"{title(record, self._domain)} "):
                is_one = record.source in (RESERVED_IP, LOAD_BALANCER)
                found.append((record.source, "") if is_one else ("droplet", record.source))
        return found

    def _step(self, pair: Pair, is_one_of_many: bool) -> Step:
        id, before, after = pair
        shown = after.shown()
        name = title(after, self._domain) + (f" {shown['data']}" if is_one_of_many else "")
        if before is None:
            return Step(CREATE, "record", name, created(shown), lambda: self._create(after))
        changes = changed(before.fields(), shown)
        if not changes:
            return Step(NOOP, "record", name)
        return Step(UPDATE, "record", name, changes, lambda: self._put(id, after))

    def _replace(self, in_the_way: list[Row], records: list[Record]) -> list[Step]:
        """Let the first step remove what is in the way and make all records: side by side they would be refused."""
        before = ", ".join(f"{row['type']} {row['data']}" for row in in_the_way)

        def apply() -> None:
            for row in in_the_way:
                self.context.client.delete(f"{self._path}/{row['id']}")
            for record in records:
                self._create(record)

        return [
            Step(
                REPLACE,
                "record",
                title(record, self._domain),
                (Change("record", before, f"{record.type} {record.shown()['data']}"),),
                None if position else apply,
            )
            for position, record in enumerate(records)
        ]

    def _final(self, record: Record) -> Record:
        if not record.source:
            return record
        address = self._address(record)
        if not address:
            noun = "IPv6 address (set ipv6: true)" if record.type == "AAAA" else "address"
            raise ApiError(f"The record {title(record, self._domain)}: {record.source} has no {noun}. Run again.")
        return replace(record, data=address)

    def _create(self, record: Record) -> None:
        final = self._final(record)

        def look_up() -> dict[str, Any] | None:
            rows = self.context.client.list(self._path, "domain_records")
            same = [row for row in rows if current(row, self._domain) == replace(final, source="")]
            return {"domain_record": same[0]} if same else None

        row = self.context.client.create(self._path, body(final), look_up)["domain_record"]
        self.context.known.put("record", str(row["id"]), row)

    def _put(self, id: int | None, record: Record) -> None:
        self.context.client.put(f"{self._path}/{id}", body(self._final(record)))

    def _delete(self, id: int, record: Record, domain: str = "") -> Step:
        domain = domain or self._domain
        path = f"/domains/{domain}/records/{id}"
        gone = tuple(Change(name, value, None) for name, value in record.fields().items())
        return Step(DELETE, "record", title(record, domain), gone, lambda: self.context.client.delete(path))

    def surplus(self, account: Account) -> list[Step]:
        blocking = [row["id"] for row in blockers(self._rows(account), self._domain, self._wanted)]
        return [
            self._delete(row["id"], current(row, domain), domain)
            for domain, rows in account["zones"].items()
            for row in record_owner.leftover(self.context, domain, rows, account)
            if row["id"] not in blocking and not record_owner.is_register(row)
        ]

    def outputs(self) -> dict[str, Any]:
        found: dict[str, list[str]] = {}
        for record in self._filled():
            if record.data:
                found.setdefault(title(record, self._domain), []).append(record.data)
        return {"dns_records": found}
