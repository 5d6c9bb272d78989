# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/volumes. Their actions are in volume_actions.py, their snapshots in snapshots.py."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StrictInt, model_validator

from ...account.attachments import volume_spec
from ...account.catalogue import REGIONS, find_region, show_region
from ...account.cloud import Cloud
from ...account.records import Assignment, Snapshot, Volume
from ...account.state import State
from ...droplets.backend import BackendError
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from .tags import TagName

LIMIT = 100
LABEL_LENGTH = {"ext4": 16, "xfs": 12}
router = APIRouter(prefix="/volumes")


class Create(Body):
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9\-]{0,63}$")]
    size_gigabytes: Annotated[StrictInt, Field(ge=1, le=16384)] | None = None
    region: str | None = None
    description: str | None = None
    snapshot_id: str | None = None
    filesystem_type: Literal["ext4", "xfs", ""] | None = None
    filesystem_label: str | None = None
    tags: list[TagName] | None = None

    @model_validator(mode="after")
    def check(self) -> Create:
        if self.size_gigabytes is None and not self.snapshot_id:
            raise ValueError("size_gigabytes is required")
        most = LABEL_LENGTH.get(self.filesystem_type or "", 16)
        if len(self.filesystem_label or "") > most:
            raise ValueError(f"filesystem_label: at most {most} characters")
        return self


def show(volume: Volume) -> dict[str, Any]:
    return {
        "id": volume.id,
        "name": volume.name,
        "region": show_region(REGIONS[volume.region]),
        "droplet_ids": volume.droplet_ids,
        "description": volume.description,
        "size_gigabytes": volume.size_gb,
        "filesystem_type": volume.filesystem_type,
        "filesystem_label": volume.filesystem_label,
        "tags": volume.tags,
        "created_at": volume.created_at,
    }


def by_name(state: State, name: str, region: str) -> Volume | None:
    return next((row for row in state.all(Volume) if (row.name, row.region) == (name, region)), None)


def _add(cloud: Cloud, body: Create) -> Volume:
    snapshot = cloud.state.get(Snapshot, body.snapshot_id) if body.snapshot_id else None
    if body.snapshot_id and (snapshot is None or snapshot.resource_type != "volume"):
        raise errors.not_found()
    slug = body.region or (snapshot.region if snapshot else "")
    region = find_region(slug) if slug else None
    if region is None or region.slug != slug:
        raise errors.invalid("region is not available or does not exist")
    if snapshot and snapshot.region != region.slug:
        raise errors.invalid(f"snapshot_id: the snapshot is in {snapshot.region}, not in {region.slug}")
    size = body.size_gigabytes or snapshot.min_disk_size
    if snapshot and size < snapshot.min_disk_size:
        raise errors.invalid(f"size_gigabytes must be at least the snapshot's: {snapshot.min_disk_size}")
    if by_name(cloud.state, body.name, region.slug):
        raise errors.ApiError(409, "a volume with this name already exists in this region")
    if len(cloud.state.all(Volume)) >= LIMIT:
        raise errors.invalid("creating this volume will exceed your volume limit")
    volume = Volume(
        id=str(uuid.uuid4()),
        name=body.name,
        region=region.slug,
        size_gb=size,
        description=body.description or "",
        filesystem_type=body.filesystem_type or "",
        filesystem_label=body.filesystem_label or "",
        tags=cloud.ensure_tags(body.tags or []),
        snapshot=body.snapshot_id or "",
    )
    try:
        cloud.backend.create_volume(volume_spec(volume))
    except BackendError as error:
        raise errors.invalid(f"This volume cannot be made on this machine: {error}") from error
    return cloud.state.put(volume)


def _remove(cloud: Cloud, volume: Volume) -> None:
    if volume.droplet_ids:
        raise errors.ApiError(409, "The volume is attached to a Droplet: detach it first")
    cloud.backend.delete_volume(volume.id)
    assignment = cloud.state.get(Assignment, volume.urn)
    if assignment:
        cloud.state.remove(assignment)
    cloud.state.remove(volume)


@router.get("")
def list_volumes(cloud: Account, pager: Paged, name: str | None = None, region: str | None = None) -> dict[str, Any]:
    rows = [row for row in cloud.state.all(Volume) if name in (None, row.name) and region in (None, row.region)]
    return pager.reply("volumes", rows, show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        return {"volume": show(_add(cloud, body))}


@router.delete("", status_code=204)
def delete_by_name(cloud: Account, name: str, region: str) -> None:
    with cloud.state.transaction():
        _remove(cloud, found(by_name(cloud.state, name, region)))


@router.get("/{volume_id}")
def show_volume(cloud: Account, volume_id: str) -> dict[str, Any]:
    return {"volume": show(found(cloud.state.get(Volume, volume_id)))}


@router.delete("/{volume_id}", status_code=204)
def delete(cloud: Account, volume_id: str) -> None:
    with cloud.state.transaction():
        _remove(cloud, found(cloud.state.get(Volume, volume_id)))
