# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/volumes/ID/actions, and /v2/volumes/actions for a volume by its name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field, StrictInt

from ...account.cloud import Cloud
from ...account.records import Action, Droplet, Volume
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import actions
from .tags import TagName

ATTACHED_LIMIT = 15
router = APIRouter(prefix="/volumes")


class Act(Body):
    type: Literal["attach", "detach", "resize"]
    droplet_id: StrictInt | None = None
    region: str | None = None
    size_gigabytes: Annotated[StrictInt, Field(ge=1, le=16384)] | None = None
    tags: list[TagName] | None = None


class ActByName(Act):
    type: Literal["attach", "detach"]
    volume_name: str


def _act(cloud: Cloud, volume: Volume, body: Act) -> Action:
    if body.region not in (None, volume.region):
        raise errors.invalid(f"The volume is in {volume.region}, not in {body.region}")
    if any(row.subject == volume.id and row.status == "in-progress" for row in cloud.state.all(Action)):
        raise errors.invalid("The volume already has a pending event.")
    if body.type == "resize":
        return _resize(cloud, volume, body)
    droplet = cloud.state.get(Droplet, body.droplet_id) if body.droplet_id else None
    if droplet is None or droplet.deleting:
        raise errors.invalid("droplet_id: no Droplet with this id exists in your account")
    if droplet.locked:
        raise errors.invalid(actions.PENDING)
    if body.type == "attach":
        _check_attach(cloud, volume, droplet)
        if body.tags:
            volume.tags = list(dict.fromkeys([*volume.tags, *cloud.ensure_tags(body.tags)]))
            cloud.state.put(volume)
    elif droplet.id not in volume.droplet_ids:
        raise errors.invalid("The volume is not attached to this Droplet")
    return cloud.submit_attachment(f"{body.type}_volume", "volume", volume.id, volume.region, droplet)


def _check_attach(cloud: Cloud, volume: Volume, droplet: Droplet) -> None:
    if volume.droplet_ids:
        raise errors.invalid("The volume is already attached to a Droplet")
    if droplet.region != volume.region:
        raise errors.invalid(f"The volume is in {volume.region} and the Droplet in {droplet.region}")
    if sum(droplet.id in row.droplet_ids for row in cloud.state.all(Volume)) >= ATTACHED_LIMIT:
        raise errors.invalid(f"A Droplet can have at most {ATTACHED_LIMIT} volumes")


def _resize(cloud: Cloud, volume: Volume, body: Act) -> Action:
    if body.size_gigabytes is None or body.size_gigabytes <= volume.size_gb:
        raise errors.invalid(f"size_gigabytes must be more than {volume.size_gb}: volumes cannot shrink")
    droplet = cloud.state.get(Droplet, volume.droplet_ids[0]) if volume.droplet_ids else None
    if droplet and droplet.locked:
        raise errors.invalid(actions.PENDING)
    return cloud.submit_attachment(
        "resize_volume", "volume", volume.id, volume.region, droplet, size_gb=body.size_gigabytes
    )


@router.post("/actions", status_code=202)
def act_by_name(cloud: Account, _page: Paged, body: ActByName) -> dict[str, Any]:
    with cloud.state.transaction():
        rows = [
            row for row in cloud.state.all(Volume) if row.name == body.volume_name and body.region in (None, row.region)
        ]
        return {"action": actions.show(_act(cloud, found(rows[0] if rows else None), body))}


@router.get("/{volume_id}/actions")
def list_actions(cloud: Account, volume_id: str, pager: Paged) -> dict[str, Any]:
    found(cloud.state.get(Volume, volume_id))
    rows = [action for action in cloud.state.all(Action)[::-1] if action.subject == volume_id]
    return pager.reply("actions", rows, actions.show)


@router.post("/{volume_id}/actions", status_code=202)
def act(cloud: Account, _page: Paged, volume_id: str, body: Act) -> dict[str, Any]:
    """DigitalOcean's own client sends page and per_page along."""
    with cloud.state.transaction():
        return {"action": actions.show(_act(cloud, found(cloud.state.get(Volume, volume_id)), body))}


@router.get("/{volume_id}/actions/{action_id}")
def show_action(cloud: Account, volume_id: str, action_id: int) -> dict[str, Any]:
    action = found(cloud.state.get(Action, action_id))
    return {"action": actions.show(found(action if action.subject == volume_id else None))}
