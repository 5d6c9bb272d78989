# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces keys for single buckets. The API tells a secret once, when it makes the key: `secrets` hands it on, and a key
that the vault does not have is made anew. Why: docs/decisions/0019."""

from __future__ import annotations

from typing import Any, ClassVar

from ..account import Account, Reads, Row, listed
from ..client import ApiError
from ..declaration import name_problems
from ..names import Names, vault_variables
from ..plan import CREATE, DELETE, NOOP, REPLACE, UPDATE, Change, Step, changed, created
from ..resource import ATTACHED, Context, Resource
from .space.space import is_ours

PATH = "/spaces/keys"
PERMISSIONS = ("read", "readwrite")  # one that opens every bucket is for people, not for servers
Grants = dict[str, str]  # bucket to permission


def problems(declared: dict[str, Any]) -> list[str]:
    found = []
    for name, grants in declared["spaces_keys"].items():
        where = f"spaces_keys.{name}"
        found += name_problems(where, str(name))
        if not isinstance(grants, dict) or not grants:
            found.append(f"{where}: {grants!r} is not a dictionary of buckets, for example {{backups: readwrite}}.")
            continue
        found += _grant_problems(where, grants, declared["spaces"])
    if declared["spaces_keys"] and not declared["vault_file"]:
        found.append(
            "spaces_keys: their secrets have no place. Set vault_file (provision_vault_file) to the vault file."
        )
    return found


def _grant_problems(where: str, grants: dict[str, Any], buckets: dict[str, Any]) -> list[str]:
    found = [
        f"{where}: there is no bucket {bucket} in spaces (provision_spaces). Declare it, or correct the name."
        for bucket in grants
        if bucket not in buckets
    ]
    return found + [
        f"{where}.{bucket}: {permission!r} is not a permission. Use one of {', '.join(PERMISSIONS)}."
        for bucket, permission in grants.items()
        if permission not in PERMISSIONS
    ]


def granted(row: Row) -> Grants:
    return {grant["bucket"]: grant["permission"] for grant in row.get("grants") or []}


def opens_all(grants: Grants) -> bool:
    return "fullaccess" in grants.values()


def body(name: str, grants: Grants) -> dict[str, Any]:
    return {"name": name, "grants": [{"bucket": b, "permission": p} for b, p in sorted(grants.items())]}


class SpacesKeys(Resource):
    kind = "spaces_key"
    phase = ATTACHED
    doubles = "spaces_keys"
    arguments: ClassVar[dict[str, Any]] = {
        "spaces_keys": {"type": "dict", "default": {}, "no_log": False},
        "vault_file": {"type": "path", "default": ""},
        "spaces_keys_held": {"type": "dict", "default": {}, "no_log": False},
    }

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        return problems(declared)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared, names = context.declared, context.names
        keys = {} if context.is_absent else declared["spaces_keys"]
        self._short = {names.bucket(name): name for name in keys}
        self._wanted = {names.bucket(n): {names.bucket(b): p for b, p in g.items()} for n, g in keys.items()}
        self._secrets: dict[str, str] = {}

    def _list(self) -> list[Row]:
        rows = listed(self.context.client, PATH, "keys", needed=bool(self._wanted))
        return [{**row, "id": row["access_key"]} for row in rows]

    def reads(self) -> Reads:
        return {"spaces_keys": self._list}

    def problems(self, account: Account) -> list[str]:
        names = [row["name"] for row in account["spaces_keys"]]
        return [
            f"spaces_keys: the account has {names.count(name)} keys named {name}. Delete those that nobody uses; when "
            "you do not know them, all: the key is made anew."
            for name in self._wanted
            if names.count(name) > 1
        ]

    def steps(self, account: Account) -> list[Step]:
        rows = {row["name"]: row for row in account["spaces_keys"]}
        for name in self._wanted.keys() & rows.keys():
            self.context.known.put(self.kind, name, rows[name])
        return [self._step(name, grants, rows.get(name)) for name, grants in self._wanted.items()]

    def _step(self, name: str, grants: Grants, row: Row | None) -> Step:
        if row is None:
            return Step(CREATE, self.kind, name, created({"grants": grants}), lambda: self._create(name, grants))
        changes = changed({"grants": granted(row)}, {"grants": grants})
        is_held = self.context.declared["spaces_keys_held"].get(self._short[name]) == row["id"]
        if not is_held or opens_all(granted(row)):
            lost = () if is_held else (Change("secret", "not in the vault", "a new one, of a new key"),)
            gone = f"lost: the key {row['id']} ends at once. What uses it gets the new one from the vault by site.yml."
            return Step(
                REPLACE, self.kind, name, changes + lost, lambda: self._replace(name, grants, row), notes=(gone,)
            )
        if changes:
            return Step(UPDATE, self.kind, name, changes, lambda: self._update(name, grants, row))
        return Step(NOOP, self.kind, name)

    def _create(self, name: str, grants: Grants) -> None:
        """A key whose reply is lost has a secret that nobody knows: the next run makes it anew."""
        row = self.context.client.post(PATH, body(name, grants))["key"]
        self.context.known.put(self.kind, name, {**row, "id": row["access_key"], "secret_key": None})
        id_name, secret_name = vault_variables(self._short[name])
        self._secrets |= {id_name: row["access_key"], secret_name: row["secret_key"]}

    def _replace(self, name: str, grants: Grants, row: Row) -> None:
        self.context.client.delete(f"{PATH}/{row['id']}")
        self.context.known.drop(self.kind, name)
        self._create(name, grants)

    def _update(self, name: str, grants: Grants, row: Row) -> None:
        """Raise ApiError if the grants stay as they were: the API's documentation is not clear about changing them."""
        answer = self.context.client.put(f"{PATH}/{row['id']}", body(name, grants))["key"]
        if granted(answer) != grants:
            raise ApiError(f"the key {row['id']} has the grants that it had before. Delete it: it is made anew then.")

    def secrets(self) -> dict[str, str]:
        return self._secrets

    def needs(self, name: str) -> list[tuple[str, str]]:
        return [("bucket", bucket) for bucket in self._wanted.get(name, {})]

    def surplus(self, account: Account) -> list[Step]:
        delete = self.context.client.delete
        return [
            Step(
                DELETE,
                self.kind,
                row["name"],
                (Change("grants", granted(row), None),),
                lambda id=row["id"]: delete(f"{PATH}/{id}"),
            )
            for row in account["spaces_keys"]
            if is_ours(row["name"], self.context.names) and row["name"] not in self._wanted
        ]

    def outputs(self) -> dict[str, Any]:
        return {"spaces_keys": {short: self.context.known.id(self.kind, name) for name, short in self._short.items()}}
