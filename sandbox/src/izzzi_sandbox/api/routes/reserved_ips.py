# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/reserved_ips, their actions, and the same under the older name /v2/floating_ips."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import StrictInt, model_validator

from ...account.addresses import NoAddressLeft, next_public
from ...account.catalogue import REGIONS, find_region, show_region
from ...account.cloud import Cloud
from ...account.records import Action, Assignment, Droplet, Project, ReservedIp
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import actions, droplets

LIMIT = 20
router = APIRouter()


class Create(Body):
    droplet_id: StrictInt | None = None
    region: str | None = None
    project_id: str | None = None

    @model_validator(mode="after")
    def check(self) -> Create:
        if (self.droplet_id is None) == (self.region is None):
            raise ValueError("give either droplet_id or region")
        return self


class Act(Body):
    type: Literal["assign", "unassign"]
    droplet_id: StrictInt | None = None


def show(cloud: Cloud, reserved: ReservedIp) -> dict[str, Any]:
    droplet = cloud.state.get(Droplet, reserved.droplet_id) if reserved.droplet_id else None
    assignment = cloud.state.get(Assignment, reserved.urn)
    default = next(project.id for project in cloud.state.all(Project) if project.is_default)
    return {
        "ip": reserved.id,
        "droplet": droplets.show(droplet, cloud) if droplet else None,
        "region": show_region(REGIONS[reserved.region]),
        "locked": reserved.locked,
        "project_id": assignment.project_id if assignment else default,
    }


def _target(cloud: Cloud, droplet_id: int | None, region: str | None, reserved: ReservedIp | None) -> Droplet:
    droplet = cloud.state.get(Droplet, droplet_id) if droplet_id else None
    if droplet is None or droplet.deleting:
        raise errors.invalid("droplet_id: no Droplet with this id exists in your account")
    if region and droplet.region != region:
        raise errors.invalid(f"The Droplet is in {droplet.region} and the reserved IP in {region}")
    others = [row for row in cloud.state.all(ReservedIp) if row.droplet_id == droplet.id and row != reserved]
    if others:
        raise errors.invalid(f"The Droplet already has a reserved IP: {others[0].id}")
    if droplet.locked:
        raise errors.invalid(actions.PENDING)
    return droplet


def _add(cloud: Cloud, body: Create) -> tuple[ReservedIp, Action | None]:
    droplet = _target(cloud, body.droplet_id, None, None) if body.droplet_id is not None else None
    region = None if droplet else find_region(body.region)
    if droplet is None and (region is None or region.slug != body.region):
        raise errors.invalid("region is not available or does not exist")
    if len(cloud.state.all(ReservedIp)) >= LIMIT:
        raise errors.invalid("creating this reserved IP will exceed your reserved IP limit")
    if body.project_id:
        found(cloud.state.get(Project, body.project_id))
    try:
        address = next_public(cloud.public_addresses(), cloud.state.read(droplets.LAST_ADDRESS))
    except NoAddressLeft as error:
        raise errors.invalid(str(error)) from error
    cloud.state.write(droplets.LAST_ADDRESS, address)
    reserved = cloud.state.put(ReservedIp(address, droplet.region if droplet else region.slug, locked=bool(droplet)))
    if body.project_id:
        cloud.state.put(Assignment(reserved.urn, body.project_id))
    return reserved, _assign(cloud, reserved, droplet) if droplet else None


def _assign(cloud: Cloud, reserved: ReservedIp, droplet: Droplet) -> Action:
    return cloud.submit_attachment("assign_ip", "floating_ip", reserved.id, reserved.region, droplet)


def _act(cloud: Cloud, ip: str, body: Act) -> Action:
    reserved = found(cloud.state.get(ReservedIp, ip))
    if reserved.locked:
        raise errors.invalid("The reserved IP already has a pending event.")
    if body.type == "unassign":
        droplet = cloud.state.get(Droplet, reserved.droplet_id) if reserved.droplet_id else None
        if droplet is None:
            raise errors.invalid("The reserved IP is not assigned to a Droplet.")
        if droplet.locked:
            raise errors.invalid(actions.PENDING)
        action = cloud.submit_attachment("unassign_ip", "floating_ip", ip, reserved.region, droplet)
    else:
        action = _assign(cloud, reserved, _target(cloud, body.droplet_id, reserved.region, reserved))
    reserved.locked = True
    cloud.state.put(reserved)
    return action


def _remove(cloud: Cloud, ip: str) -> None:
    reserved = found(cloud.state.get(ReservedIp, ip))
    if reserved.droplet_id is not None:
        cloud.backend.unassign_reserved_ip(reserved.id, reserved.droplet_id)
    assignment = cloud.state.get(Assignment, reserved.urn)
    if assignment:
        cloud.state.remove(assignment)
    cloud.state.remove(reserved)


def _own_action(cloud: Cloud, ip: str, action_id: int) -> Action:
    action = found(cloud.state.get(Action, action_id))
    return found(action if action.subject == ip else None)


def _mount(noun: str) -> None:
    """The two names differ in the address and in the keys of the replies only."""

    @router.get(f"/{noun}s")
    def list_ips(cloud: Account, pager: Paged) -> dict[str, Any]:
        return pager.reply(f"{noun}s", cloud.state.all(ReservedIp), lambda row: show(cloud, row))

    @router.post(f"/{noun}s", status_code=202)
    def create(cloud: Account, request: Request, body: Create) -> dict[str, Any]:
        with cloud.state.transaction():
            reserved, action = _add(cloud, body)
            links = {"droplets": [], "actions": []}
            if action:
                links = {
                    "droplets": [_link(request, body.droplet_id, "droplet", "droplets")],
                    "actions": [_link(request, action.id, "assign_ip", "actions")],
                }
            return {noun: show(cloud, reserved), "links": links}

    @router.get(f"/{noun}s/{{ip}}")
    def show_ip(cloud: Account, ip: str) -> dict[str, Any]:
        return {noun: show(cloud, found(cloud.state.get(ReservedIp, ip)))}

    @router.delete(f"/{noun}s/{{ip}}", status_code=204)
    def delete(cloud: Account, ip: str) -> None:
        with cloud.state.transaction():
            _remove(cloud, ip)

    @router.get(f"/{noun}s/{{ip}}/actions")
    def list_actions(cloud: Account, ip: str, pager: Paged) -> dict[str, Any]:
        found(cloud.state.get(ReservedIp, ip))
        rows = [action for action in cloud.state.all(Action)[::-1] if action.subject == ip]
        return pager.reply("actions", rows, actions.show)

    @router.post(f"/{noun}s/{{ip}}/actions", status_code=201)
    def act(cloud: Account, ip: str, body: Act) -> dict[str, Any]:
        with cloud.state.transaction():
            return {"action": actions.show(_act(cloud, ip, body))}

    @router.get(f"/{noun}s/{{ip}}/actions/{{action_id}}")
    def show_action(cloud: Account, ip: str, action_id: int) -> dict[str, Any]:
        return {"action": actions.show(_own_action(cloud, ip, action_id))}


def _link(request: Request, id: int | None, rel: str, path: str) -> dict[str, Any]:
    return {"id": id, "rel": rel, "href": str(request.url.replace(path=f"/v2/{path}/{id}", query=""))}


for _noun in ("reserved_ip", "floating_ip"):
    _mount(_noun)
