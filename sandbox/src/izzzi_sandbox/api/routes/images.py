# SPDX-License-Identifier: GPL-3.0-or-later
"""GET /v2/images and /v2/images/ID-or-SLUG."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter

from ...account.catalogue import IMAGES, find_image, show_image
from ...account.records import Snapshot
from ...account.state import State
from .. import errors
from ..deps import Account
from ..pagination import Paged

router = APIRouter()


def find(state: State, reference: int | str) -> tuple[str, Snapshot | None] | None:
    """The slug of a public image, or of the one that a snapshot of a droplet was taken from, and the snapshot."""
    image = find_image(reference)
    if image:
        return image.slug, None
    snapshot = state.get(Snapshot, reference)
    return (snapshot.image, snapshot) if snapshot and snapshot.resource_type == "droplet" else None


def show_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {
        **show_image(IMAGES[snapshot.image]),
        "id": int(snapshot.id),
        "slug": None,
        "name": snapshot.name,
        "type": "snapshot",
        "public": False,
        "regions": [snapshot.region],
        "created_at": snapshot.created_at,
        "min_disk_size": snapshot.min_disk_size,
        "size_gigabytes": snapshot.size_gb,
        "description": "",
        "tags": snapshot.tags,
    }


@router.get("/images")
def list_images(
    cloud: Account,
    pager: Paged,
    type: Literal["distribution", "application"] = "distribution",
    private: bool = False,
    tag_name: str | None = None,
) -> dict[str, Any]:
    """The sandbox has public distributions and snapshots of droplets: no application."""
    if private or tag_name:
        snapshots = [row for row in cloud.state.all(Snapshot) if row.resource_type == "droplet"]
        rows = [row for row in snapshots if tag_name is None or tag_name in row.tags]
        return pager.reply("images", rows, show_snapshot)
    return pager.reply("images", [] if type == "application" else list(IMAGES.values()), show_image)


@router.get("/images/{image}")
def show(cloud: Account, image: str) -> dict[str, Any]:
    match = find(cloud.state, image)
    if match is None:
        raise errors.not_found()
    slug, snapshot = match
    return {"image": show_snapshot(snapshot) if snapshot else show_image(IMAGES[slug])}


@router.delete("/images/{image_id}", status_code=204)
def delete(cloud: Account, image_id: int) -> None:
    """Delete a snapshot; public images are DigitalOcean's."""
    with cloud.state.transaction():
        match = find(cloud.state, image_id)
        if match is None or match[1] is None:
            raise errors.not_found()
        cloud.delete_snapshot(match[1])
