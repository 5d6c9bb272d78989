# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment's domain. Environments may share one: whose records it holds decides whether it may be deleted."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed, together
from ..client import ApiError, Client
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, Step
from ..resource import BASE, Context, Resource
from .record import form as record_form
from .record import owner as record_owner

NAME = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
SHARED = "it holds records that are not this environment's."
Zones = dict[str, list[Row]]  # the records of each domain that exists
OPTIONS = {
    "name": {"type": "str", "required": True},
    "hosts": {"type": "list", "elements": "str", "default": ["@", "www", "api"]},
    "target": {"type": "str", "default": ""},
    "ttl": {"type": "int", "default": 300},
    "records": {"type": "list", "elements": "dict", "default": [], "options": record_form.SPEC},
}


def problems(name: str) -> list[str]:
    """Check a domain's name, given in lower case and without a final dot."""
    if NAME.fullmatch(name) and len(name) <= 253:
        return []
    return [f"domain.name: {name!r} is not a domain's name. Example: example.com."]


def zones(context: Context) -> Zones:
    """Return the records of the declared domain, and of domains where records of this environment may be left: with
    `prune` all, else those whose zone file names its register."""
    client, name = context.client, (context.declared["domain"] or {}).get("name", "")
    register = record_owner.register_name(context.names)
    names = {name} if name else set()
    for row in listed(client, "/domains", "domains", needed=bool(name)):
        if context.may_delete or row.get("zone_file") is None or register in row["zone_file"]:
            names.add(row["name"])
    ordered = sorted(names)
    found = together([lambda name=name: _records(client, name) for name in ordered])
    return {name: rows for name, rows in zip(ordered, found, strict=True) if rows is not None}


def _records(client: Client, name: str) -> list[Row] | None:
    try:
        return client.list(f"/domains/{name}/records", "domain_records")
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def reads(context: Context) -> Reads:
    return {
        "zones": lambda: zones(context),
        "droplets": lambda: context.client.list("/droplets", "droplets"),
    }


def doomed(context: Context, account: Account) -> list[str]:
    """Return the domains to delete: those that hold only records of this environment, which are deleted as well. The
    name servers that DigitalOcean adds to every domain do not count."""
    declared = (context.declared["domain"] or {}).get("name", "")
    keep = "" if context.is_absent else declared
    found = []
    for name, rows in account["zones"].items():
        ours = record_owner.leftover(context, name, rows, account)
        others = [row for row in rows if row not in ours and not record_owner.is_the_domains_own(row)]
        if name != keep and not others and (ours or name == declared):
            found.append(name)
    return found


class Domain(Resource):
    kind = "domain"
    phase = BASE
    urn_noun, urn_key = "domain", ""
    arguments: ClassVar[dict[str, Any]] = {"domain": {"type": "dict", "options": OPTIONS}}

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        if not declared["domain"]:
            return []
        name = declared["domain"]["name"].strip().lower().removesuffix(".")
        declared["domain"] = {**declared["domain"], "name": name}
        return problems(name)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._name = "" if context.is_absent else (context.declared["domain"] or {}).get("name", "")

    def reads(self) -> Reads:
        return reads(self.context)

    def steps(self, account: Account) -> list[Step]:
        if not self._name:
            return []
        if self._name in account["zones"]:
            return [Step(NOOP, "domain", self._name)]
        return [Step(CREATE, "domain", self._name, apply=self._create)]

    def _create(self) -> None:
        path = f"/domains/{self._name}"
        self.context.client.create("/domains", {"name": self._name}, lambda: self.context.client.find(path))

    def surplus(self, account: Account) -> list[Step]:
        gone = doomed(self.context, account)
        delete = self.context.client.delete
        kept = (self.context.declared["domain"] or {}).get("name", "") if self.context.is_absent else ""
        found = [Step(DELETE, "domain", name, apply=lambda name=name: delete(f"/domains/{name}")) for name in gone]
        if kept in account["zones"] and kept not in gone:
            found.append(Step(DELETE, "domain", kept).keep(SHARED))
        return found

    def members(self, account: Account) -> list[str]:
        """Return the domain, unless other environments have records in it: each would pull it to its own project."""
        rows = account["zones"].get(self._name, [])
        shared = record_owner.shares(self.context.names, rows, self._name, account)
        return [self._name] if self._name and not shared else []

    def urns(self, account: Account) -> list[str]:
        return [self.urn_of(name) for name in doomed(self.context, account)]

    def outputs(self) -> dict[str, Any]:
        return {"domain": self._name}
