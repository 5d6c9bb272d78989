# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/spaces/keys: access keys with grants. The sandbox's own key pair (`izzzi-sandbox env`) is not among them. The
messages of refusals are the sandbox's but for one: the documentation has one example."""

from __future__ import annotations

import secrets
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, model_validator

from ...account.cloud import Cloud
from ...account.records import SpacesAccessKey
from ...spaces.access import is_limited
from ..deps import Account, Body, found
from ..errors import ApiError
from ..pagination import Paged

router = APIRouter(prefix="/spaces/keys")

Name = Annotated[str, Field(min_length=1, max_length=255)]


class Grant(Body):
    bucket: str
    permission: Literal["read", "readwrite", "fullaccess"]

    @model_validator(mode="after")
    def check(self) -> Grant:
        if (self.permission == "fullaccess") != (self.bucket == ""):
            raise ValueError("grants: fullaccess is for all buckets (bucket: ''), read and readwrite are for one")
        return self


class Create(Body):
    name: Name
    grants: list[Grant] = Field(default_factory=list)


class Update(Body):
    name: Name | None = None
    grants: list[Grant] | None = None


def stored(cloud: Cloud, grants: list[Grant]) -> list[dict[str, str]]:
    """Return the grants to keep. Raise ApiError for those that exclude each other."""
    rows = [grant.model_dump() for grant in grants]
    if len({grant.permission == "fullaccess" for grant in grants}) > 1:
        raise ApiError(400, "cannot mix fullaccess permission with scoped permissions.")
    if is_limited(rows):
        for row in rows:
            if cloud.spaces.has_policy(row["bucket"]):
                raise ApiError(400, f"bucket {row['bucket']} has a policy and cannot have limited access keys.")
    return rows


def show(key: SpacesAccessKey) -> dict[str, Any]:
    return {"name": key.name, "access_key": key.id, "grants": key.grants, "created_at": key.created_at}


@router.get("")
def list_keys(
    cloud: Account,
    pager: Paged,
    sort: Literal["created_at", "name", "access_key"] = "created_at",
    sort_direction: Literal["asc", "desc"] = "desc",
    name: str | None = None,
    bucket: str | None = None,
    permission: str | None = None,
) -> dict[str, Any]:
    rows = [
        key
        for key in cloud.state.all(SpacesAccessKey)
        if (name or "") in key.name
        and (not bucket or any(grant["bucket"] == bucket for grant in key.grants))
        and (not permission or any(grant["permission"] == permission for grant in key.grants))
    ]
    rows.sort(key=lambda key: key.id if sort == "access_key" else getattr(key, sort), reverse=sort_direction == "desc")
    return pager.reply("keys", rows, show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    """The only reply that has the secret."""
    grants = stored(cloud, body.grants)
    key = SpacesAccessKey(
        id=f"DO00{secrets.token_hex(8).upper()}",
        secret=secrets.token_urlsafe(32),
        name=body.name,
        grants=grants,
    )
    with cloud.state.transaction():
        cloud.state.put(key)
    return {"key": {**show(key), "secret_key": key.secret}}


@router.get("/{access_key}")
def show_key(cloud: Account, access_key: str) -> dict[str, Any]:
    return {"key": show(found(cloud.state.get(SpacesAccessKey, access_key)))}


@router.put("/{access_key}")
@router.patch("/{access_key}")
def update(cloud: Account, access_key: str, body: Update) -> dict[str, Any]:
    with cloud.state.transaction():
        key = found(cloud.state.get(SpacesAccessKey, access_key))
        if body.name is not None:
            key.name = body.name
        if body.grants is not None:
            grants = stored(cloud, body.grants)
            if is_limited(grants) != is_limited(key.grants):
                raise ApiError(400, "cannot convert a fullaccess key to a scoped key or vice versa.")
            key.grants = grants
        return {"key": show(cloud.state.put(key))}


@router.delete("/{access_key}", status_code=204)
def delete(cloud: Account, access_key: str) -> None:
    with cloud.state.transaction():
        cloud.state.remove(found(cloud.state.get(SpacesAccessKey, access_key)))
