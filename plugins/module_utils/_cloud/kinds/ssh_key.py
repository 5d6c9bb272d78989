# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account SSH keys, matched by fingerprint: a key that is there under another name is there."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, ClassVar

from ..account import Account, Reads, Row
from ..client import ApiError
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, Step, created
from ..resource import BASE, Resource

STAYS = "it is the account's, and others may use it."


def fingerprint(public_key: str) -> str:
    """Return the MD5 of the key's blob, by which DigitalOcean identifies keys. Raise ValueError if it is not a key."""
    words = public_key.split()
    if len(words) < 2:
        raise ValueError("it is not of the form `ssh-ed25519 AAAA... comment`")
    try:
        blob = base64.b64decode(words[1], validate=True)
    except binascii.Error as error:
        raise ValueError("its second word is not base64") from error
    kind = words[0].encode()
    if blob[:4] != len(kind).to_bytes(4, "big") or blob[4 : 4 + len(kind)] != kind:
        raise ValueError(f"its content is not a key of type {words[0]}")
    digest = hashlib.md5(blob, usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def problems(keys: list[dict[str, Any]]) -> list[str]:
    found = []
    seen: dict[str, str] = {}
    for index, key in enumerate(keys):
        where = f"ssh_keys[{index}].public_key ({key['name']})"
        try:
            mark = fingerprint(key["public_key"])
        except ValueError as error:
            found.append(f"{where}: {error}. Give the content of a .pub file.")
            continue
        if mark in seen:
            found.append(f"{where}: it is the key of {seen[mark]} again. Give each key once.")
        seen[mark] = key["name"]
    return found


class SshKeys(Resource):
    """The account's keys stay when an environment goes: others and other tools may use them."""

    kind = "ssh_key"
    phase = BASE
    arguments: ClassVar[dict[str, Any]] = {
        "ssh_keys": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": {"name": {"type": "str", "required": True}, "public_key": {"type": "str", "required": True}},
        }
    }

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        return problems(declared["ssh_keys"])

    def reads(self) -> Reads:
        """Read key by key: the API allows to list keys only ten times a minute."""
        return {f"ssh_key {mark}": lambda mark=mark: self._find(mark) for mark in fingerprints(self.context.declared)}

    def _find(self, mark: str) -> Row | None:
        reply = self.context.client.find(f"/account/keys/{mark}")
        return reply["ssh_key"] if reply else None

    def more_reads(self, account: Account) -> Reads:
        """List all keys only if one must be made."""
        if self.context.is_absent or all(account[f"ssh_key {mark}"] for mark in fingerprints(self.context.declared)):
            return {}
        return {"ssh_keys": lambda: self.context.client.list("/account/keys", "ssh_keys")}

    def problems(self, account: Account) -> list[str]:
        """Refuse a second key of the same name, which DigitalOcean accepts and people could not tell apart."""
        found = []
        for index, key in enumerate(self.context.declared["ssh_keys"]):
            mark = fingerprint(key["public_key"])
            # Another run may have made this very key since it was asked for: then the list has it.
            others = [r["fingerprint"] for r in account.get("ssh_keys", []) if r["name"] == key["name"]]
            if not account[f"ssh_key {mark}"] and others and mark not in others:
                found.append(
                    f"ssh_keys[{index}].name: the account has another key named {key['name']} ({others[0]}). Give "
                    "this one another name, or delete the other."
                )
        return found

    def steps(self, account: Account) -> list[Step]:
        return [self._step(key, account) for key in self.context.declared["ssh_keys"]]

    def _step(self, key: dict[str, Any], account: Account) -> Step:
        mark = fingerprint(key["public_key"])
        if account[f"ssh_key {mark}"]:
            return Step(NOOP, "ssh_key", key["name"])
        body = {"name": key["name"], "public_key": key["public_key"].strip()}
        client = self.context.client

        def find() -> Row | None:
            return client.find(f"/account/keys/{mark}")

        def create() -> None:
            try:
                client.create("/account/keys", body, find)
            except ApiError as error:
                # Environments share the account's keys: another one's run may have been quicker.
                if error.status != 422 or not find():
                    raise

        return Step(CREATE, "ssh_key", key["name"], created({"fingerprint": mark}), create)

    def surplus(self, account: Account) -> list[Step]:
        """Name the keys that stay when all else is deleted."""
        if not self.context.is_absent:
            return []
        there = [
            key for key in self.context.declared["ssh_keys"] if account[f"ssh_key {fingerprint(key['public_key'])}"]
        ]
        return [Step(DELETE, "ssh_key", key["name"]).keep(STAYS) for key in there]


def fingerprints(declared: dict[str, Any]) -> list[str]:
    return [fingerprint(key["public_key"]) for key in declared["ssh_keys"]]
