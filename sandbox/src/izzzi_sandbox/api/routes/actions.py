# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/actions, /v2/droplets/ID/actions and actions on all droplets of a tag."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import StrictInt

from ...account.catalogue import IMAGES, REGIONS, SIZES, show_region
from ...account.cloud import Cloud
from ...account.operations import OPERATIONS
from ...account.records import Action, Droplet
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import droplets, images
from .droplets import check_name

router = APIRouter()

PENDING = "Droplet already has a pending event."
NOT_BY_HAND = {"create"}
FIRST_SNAPSHOT_ID = 160_000_001


class Create(Body):
    type: str
    size: str | None = None  # resize
    disk: bool | None = None  # resize
    image: StrictInt | str | None = None  # rebuild, restore
    name: str | None = None  # rename, snapshot


PARAMETERS = {
    "resize": {"size", "disk"},
    "rebuild": {"image"},
    "restore": {"image"},
    "rename": {"name"},
    "snapshot": {"name"},
}


def show(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "status": action.status,
        "type": action.type,
        "started_at": action.started_at,
        "completed_at": action.completed_at,
        "resource_id": action.resource_id,
        "resource_type": action.resource_type,
        "region": show_region(REGIONS[action.region]),
        "region_slug": action.region,
    }


def submit(cloud: Cloud, droplet: Droplet, body: Create) -> Action:
    """Inside a transaction."""
    arguments = _arguments(cloud, droplet, body)
    if droplet.locked:
        raise errors.invalid(PENDING)
    if body.type == "power_off" and droplet.status == "off":
        raise errors.invalid("Droplet is already powered off.")
    if body.type in ("reboot", "power_cycle") and droplet.status == "off":
        raise errors.invalid("Droplet is powered off: power it on first.")
    if body.type == "resize" and droplet.status != "off":
        raise errors.invalid("Droplet must be powered off to be resized.")
    return cloud.submit(droplet, body.type, **arguments)


def _arguments(cloud: Cloud, droplet: Droplet, body: Create) -> dict[str, Any]:
    if body.type not in OPERATIONS or body.type in NOT_BY_HAND:
        known = ", ".join(sorted(OPERATIONS.keys() - NOT_BY_HAND))
        raise errors.invalid(f"type: {body.type!r} is not an action of the sandbox. It has: {known}")
    given = body.model_fields_set - {"type"}
    strange = sorted(given - PARAMETERS.get(body.type, set()))
    if strange:
        raise errors.invalid(f"found unpermitted parameters: {', '.join(strange)}")
    if body.type == "resize":
        return _resize(droplet, body)
    if body.type in ("rebuild", "restore"):
        return _rebuild(cloud, body)
    if body.type == "rename":
        return _rename(body)
    if body.type == "snapshot":
        return _snapshot(cloud, droplet, body)
    if body.type == "enable_ipv6":
        return _ipv6(cloud, droplet)
    return {}


def _resize(droplet: Droplet, body: Create) -> dict[str, Any]:
    size = SIZES.get(body.size or "")
    if size is None:
        raise errors.invalid("You specified an invalid size for Droplet resize.")
    if size.disk_gb < droplet.disk_gb:
        raise errors.invalid("This size is not available because it has a smaller disk.")
    return {"size": size.slug, "disk": bool(body.disk)}


def _rebuild(cloud: Cloud, body: Create) -> dict[str, Any]:
    found_image = images.find(cloud.state, body.image if body.image is not None else "")
    if found_image is None:
        raise errors.invalid(f"You specified an invalid image. The sandbox has: {', '.join(IMAGES)}")
    slug, snapshot = found_image
    return {"image": slug, "snapshot": int(snapshot.id) if snapshot else None}


def _snapshot(cloud: Cloud, droplet: Droplet, body: Create) -> dict[str, Any]:
    """The name may be left out, as on DigitalOcean."""
    number = cloud.state.next("snapshot", FIRST_SNAPSHOT_ID)
    return {"name": body.name or f"{droplet.name}-{number}", "snapshot": number}


def _ipv6(cloud: Cloud, droplet: Droplet) -> dict[str, Any]:
    if droplet.public_ipv6:
        raise errors.invalid("Droplet already has IPv6 enabled.")
    return {"address": droplets.free_ipv6(cloud)}


def _rename(body: Create) -> dict[str, Any]:
    try:
        check_name(body.name or "")
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    return {"name": body.name}


@router.get("/actions")
def list_actions(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("actions", cloud.state.all(Action)[::-1], show)


@router.get("/actions/{action_id}")
def show_action(cloud: Account, action_id: int) -> dict[str, Any]:
    return {"action": show(found(cloud.state.get(Action, action_id)))}


@router.post("/droplets/actions", status_code=201)
def create_by_tag(cloud: Account, tag_name: str, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        droplets = [droplet for droplet in cloud.state.all(Droplet) if tag_name in droplet.tags]
        return {"actions": [show(submit(cloud, droplet, body)) for droplet in droplets]}


@router.get("/droplets/{droplet_id}/actions")
def list_droplet_actions(cloud: Account, droplet_id: int, pager: Paged) -> dict[str, Any]:
    found(cloud.state.get(Droplet, droplet_id))
    rows = [action for action in cloud.state.all(Action)[::-1] if action.resource_id == droplet_id]
    return pager.reply("actions", rows, show)


@router.post("/droplets/{droplet_id}/actions", status_code=201)
def create(cloud: Account, droplet_id: int, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        return {"action": show(submit(cloud, found(cloud.state.get(Droplet, droplet_id)), body))}


@router.get("/droplets/{droplet_id}/actions/{action_id}")
def show_droplet_action(cloud: Account, droplet_id: int, action_id: int) -> dict[str, Any]:
    action = found(cloud.state.get(Action, action_id))
    return {"action": show(found(action if action.resource_id == droplet_id else None))}
