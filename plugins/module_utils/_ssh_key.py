# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Account SSH keys, matched by fingerprint: a key that is there under another name is there."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any

from ._account import Account
from ._client import Client
from ._plan import CREATE, NOOP, Step, created


def fingerprint(public_key: str) -> str:
    """MD5 of the key's blob, which is what DigitalOcean identifies a key by. Raises ValueError for no key."""
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


def steps(keys: list[dict[str, Any]], account: Account, client: Client) -> list[Step]:
    return [_step(key, account.keys[fingerprint(key["public_key"])], client) for key in keys]


def _step(key: dict[str, Any], current: dict[str, Any] | None, client: Client) -> Step:
    if current:
        return Step(NOOP, "ssh_key", key["name"])
    body = {"name": key["name"], "public_key": key["public_key"].strip()}
    mark = fingerprint(key["public_key"])

    def create() -> None:
        client.create("/account/keys", body, lambda: client.find(f"/account/keys/{mark}"))

    return Step(CREATE, "ssh_key", key["name"], created({"fingerprint": mark}), create)
