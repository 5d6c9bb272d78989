# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/account/keys."""

from __future__ import annotations

import base64
import hashlib
from typing import Annotated, Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from fastapi import APIRouter
from pydantic import Field

from ...account.records import SshKey
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

FIRST_ID = 53_000_001
UNREADABLE = "Fingerprint could not be generated, please make sure your key is valid"
router = APIRouter(prefix="/account/keys")

Name = Annotated[str, Field(min_length=1, max_length=255)]


class Create(Body):
    name: Name
    public_key: str


class Rename(Body):
    name: Name


def fingerprint(public_key: str) -> str:
    """MD5 of the key's blob, as DigitalOcean shows it."""
    try:
        load_ssh_public_key(public_key.strip().encode())
    except (ValueError, UnsupportedAlgorithm):
        raise errors.invalid(UNREADABLE) from None
    digest = hashlib.md5(base64.b64decode(public_key.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def find(state: State, reference: int | str) -> SshKey | None:
    """By id or by fingerprint."""
    return next((key for key in state.all(SshKey) if str(reference) in (str(key.id), key.fingerprint)), None)


def show(key: SshKey) -> dict[str, Any]:
    return {"id": key.id, "name": key.name, "public_key": key.public_key, "fingerprint": key.fingerprint}


@router.get("")
def list_keys(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("ssh_keys", cloud.state.all(SshKey), show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    mark = fingerprint(body.public_key)
    with cloud.state.transaction():
        if find(cloud.state, mark):
            raise errors.invalid("SSH Key is already in use on your account")
        key = SshKey(cloud.state.next("key", FIRST_ID), body.name, body.public_key.strip(), mark)
        cloud.state.put(key)
    return {"ssh_key": show(key)}


@router.get("/{reference}")
def show_key(cloud: Account, reference: str) -> dict[str, Any]:
    return {"ssh_key": show(found(find(cloud.state, reference)))}


@router.put("/{reference}")
def rename(cloud: Account, reference: str, body: Rename) -> dict[str, Any]:
    with cloud.state.transaction():
        key = found(find(cloud.state, reference))
        key.name = body.name
        cloud.state.put(key)
    return {"ssh_key": show(key)}


@router.delete("/{reference}", status_code=204)
def delete(cloud: Account, reference: str) -> None:
    with cloud.state.transaction():
        cloud.state.remove(found(find(cloud.state, reference)))
