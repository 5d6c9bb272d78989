# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/snapshots, those of a droplet and those of a volume. A droplet's are taken by an action."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from ...account.attachments import volume_spec
from ...account.records import Droplet, Snapshot, Volume
from ...account.state import State
from ...droplets.backend import BackendError
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from .tags import TagName

router = APIRouter()


class Create(Body):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    tags: list[TagName] | None = None


def show(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "regions": [snapshot.region],
        "created_at": snapshot.created_at,
        "resource_id": snapshot.resource_id,
        "resource_type": snapshot.resource_type,
        "min_disk_size": snapshot.min_disk_size,
        "size_gigabytes": snapshot.size_gb,
        "tags": snapshot.tags,
    }


def of(state: State, resource_type: str, resource_id: int | str) -> list[Snapshot]:
    wanted = (resource_type, str(resource_id))
    return [row for row in state.all(Snapshot) if (row.resource_type, row.resource_id) == wanted]


def _volume_snapshot(state: State, snapshot_id: str) -> Snapshot:
    snapshot = found(state.get(Snapshot, snapshot_id))
    return found(snapshot if snapshot.resource_type == "volume" else None)


@router.get("/snapshots")
def list_snapshots(
    cloud: Account, pager: Paged, resource_type: Literal["droplet", "volume"] | None = None
) -> dict[str, Any]:
    rows = [row for row in cloud.state.all(Snapshot) if resource_type in (None, row.resource_type)]
    return pager.reply("snapshots", rows, show)


@router.get("/snapshots/{snapshot_id}")
def show_snapshot(cloud: Account, snapshot_id: str) -> dict[str, Any]:
    return {"snapshot": show(found(cloud.state.get(Snapshot, snapshot_id)))}


@router.delete("/snapshots/{snapshot_id}", status_code=204)
def delete(cloud: Account, snapshot_id: str) -> None:
    with cloud.state.transaction():
        cloud.delete_snapshot(found(cloud.state.get(Snapshot, snapshot_id)))


@router.get("/droplets/{droplet_id}/snapshots")
def list_of_droplet(cloud: Account, droplet_id: int, pager: Paged) -> dict[str, Any]:
    found(cloud.state.get(Droplet, droplet_id))
    rows = of(cloud.state, "droplet", droplet_id)
    return pager.reply("snapshots", rows, lambda row: {**show(row), "id": int(row.id), "type": "snapshot"})


@router.get("/droplets/{droplet_id}/backups")
def list_backups(cloud: Account, droplet_id: int, pager: Paged) -> dict[str, Any]:
    """The sandbox takes none: the first one of a droplet is a week away."""
    found(cloud.state.get(Droplet, droplet_id))
    return pager.reply("backups", [], show)


@router.get("/volumes/snapshots/{snapshot_id}")
def show_volume_snapshot(cloud: Account, snapshot_id: str) -> dict[str, Any]:
    return {"snapshot": show(_volume_snapshot(cloud.state, snapshot_id))}


@router.delete("/volumes/snapshots/{snapshot_id}", status_code=204)
def delete_volume_snapshot(cloud: Account, snapshot_id: str) -> None:
    with cloud.state.transaction():
        cloud.delete_snapshot(_volume_snapshot(cloud.state, snapshot_id))


@router.get("/volumes/{volume_id}/snapshots")
def list_of_volume(cloud: Account, volume_id: str, pager: Paged) -> dict[str, Any]:
    found(cloud.state.get(Volume, volume_id))
    return pager.reply("snapshots", of(cloud.state, "volume", volume_id), show)


@router.post("/volumes/{volume_id}/snapshots", status_code=201)
def create(cloud: Account, volume_id: str, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        volume = found(cloud.state.get(Volume, volume_id))
        if any(row.name == body.name for row in of(cloud.state, "volume", volume.id)):
            raise errors.ApiError(409, "a snapshot with this name already exists")
        id, tags = str(uuid.uuid4()), cloud.ensure_tags(body.tags or [])
        try:
            size = cloud.backend.snapshot_volume(volume_spec(volume), id)
        except BackendError as error:
            raise errors.invalid(f"This snapshot cannot be taken on this machine: {error}") from error
        snapshot = Snapshot(id, body.name, "volume", volume.id, volume.region, volume.size_gb, tags, size)
        return {"snapshot": show(cloud.state.put(snapshot))}
