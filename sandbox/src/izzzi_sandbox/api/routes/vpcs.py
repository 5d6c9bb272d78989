# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/vpcs and their members."""

from __future__ import annotations

import time
import uuid
from ipaddress import IPv4Network
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from ...account.addresses import PRIVATE_SPACE, RESERVED, RESERVED_IN_REGION, NoAddressLeft, next_vpc_range
from ...account.catalogue import find_region
from ...account.cloud import Cloud
from ...account.records import Droplet, LoadBalancer, Vpc
from ...account.state import State
from ...daemon.host_routes import host_routes
from ...droplets.backend import BackendError
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

router = APIRouter(prefix="/vpcs")

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9\-.]+$", max_length=255)]
Description = Annotated[str, Field(max_length=255)]


class Create(Body):
    name: Name
    region: str
    description: Description | None = None
    ip_range: str | None = None


class Replace(Body):
    name: Name
    description: Description | None = None
    default: bool | None = None


class Update(Body):
    name: Name | None = None
    description: Description | None = None
    default: bool | None = None


def show(vpc: Vpc) -> dict[str, Any]:
    return {
        "id": vpc.id,
        "urn": vpc.urn,
        "name": vpc.name,
        "description": vpc.description,
        "region": vpc.region,
        "ip_range": vpc.ip_range,
        "default": vpc.default,
        "created_at": vpc.created_at,
    }


def members(cloud: Cloud, vpc: Vpc) -> list[Droplet | LoadBalancer]:
    ghosts = [ghost.droplet for ghost in list(cloud.ghosts.values()) if ghost.until > time.monotonic()]
    rows = [*cloud.state.all(Droplet), *ghosts, *cloud.state.all(LoadBalancer)]
    return [row for row in rows if row.vpc_id == vpc.id]


def default_of(state: State, region: str) -> Vpc | None:
    return next((vpc for vpc in state.all(Vpc) if vpc.region == region and vpc.default), None)


def add(cloud: Cloud, name: str, region: str, description: str = "", ip_range: str | None = None) -> Vpc:
    """Inside a transaction. The first VPC of a region becomes its default."""
    taken = host_routes() if cloud.settings.backend == "docker" else ()
    vpc = Vpc(
        id=str(uuid.uuid4()),
        name=name,
        description=description,
        region=region,
        ip_range=_checked(cloud.state, ip_range, region, taken) if ip_range else _free(cloud.state, taken),
        default=default_of(cloud.state, region) is None,
    )
    cloud.state.put(vpc)
    try:
        cloud.backend.create_vpc(vpc.id, vpc.ip_range)
    except BackendError as error:
        raise errors.invalid(f"This range cannot be used on this machine: {error}") from error
    return vpc


def _free(state: State, taken: tuple[IPv4Network, ...]) -> str:
    try:
        return next_vpc_range([*taken, *(IPv4Network(vpc.ip_range) for vpc in state.all(Vpc))])
    except NoAddressLeft as error:
        raise errors.invalid(str(error)) from error


def _checked(state: State, text: str, region: str, taken: tuple[IPv4Network, ...]) -> str:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise errors.invalid(f"ip_range is not a network in CIDR notation: {error}") from None
    if not 16 <= network.prefixlen <= 28:
        raise errors.invalid("ip_range: the size of a VPC must be from /16 to /28")
    if not any(network.subnet_of(private) for private in PRIVATE_SPACE):
        raise errors.invalid("ip_range must be inside 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (RFC 1918)")
    for reserved in (*RESERVED, *RESERVED_IN_REGION.get(region, ())):
        if network.overlaps(reserved):
            raise errors.invalid(f"ip_range {network} overlaps {reserved}, which DigitalOcean reserves for itself")
    for vpc in state.all(Vpc):
        if network.overlaps(IPv4Network(vpc.ip_range)):
            message = "This range/size overlaps with another VPC network in your account"
            raise errors.invalid(f"{message}: {vpc.id} {vpc.ip_range}")
    for route in taken:
        if network.overlaps(route):
            message = f"ip_range {network} overlaps {route}, which is a route of the machine that runs the sandbox"
            raise errors.invalid(f"{message}: choose another range")
    return str(network)


def _unique(state: State, name: str, but: str = "") -> None:
    if any(vpc.name == name and vpc.id != but for vpc in state.all(Vpc)):
        raise errors.invalid("name must be unique: a VPC with this name exists in your account")


@router.get("")
def list_vpcs(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("vpcs", cloud.state.all(Vpc), show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    region = find_region(body.region) if body.region else None
    if region is None or region.slug != body.region:
        raise errors.invalid("region is not available or does not exist")
    with cloud.state.transaction():
        _unique(cloud.state, body.name)
        return {"vpc": show(add(cloud, body.name, region.slug, body.description or "", body.ip_range))}


@router.get("/{vpc_id}")
def show_vpc(cloud: Account, vpc_id: str) -> dict[str, Any]:
    return {"vpc": show(found(cloud.state.get(Vpc, vpc_id)))}


@router.put("/{vpc_id}")
def replace(cloud: Account, vpc_id: str, body: Replace) -> dict[str, Any]:
    return _change(cloud, vpc_id, body)


@router.patch("/{vpc_id}")
def update(cloud: Account, vpc_id: str, body: Update) -> dict[str, Any]:
    return _change(cloud, vpc_id, body)


def _change(cloud: Cloud, vpc_id: str, body: Replace | Update) -> dict[str, Any]:
    with cloud.state.transaction():
        vpc = found(cloud.state.get(Vpc, vpc_id))
        if body.name is not None:
            _unique(cloud.state, body.name, but=vpc.id)
            vpc.name = body.name
        if body.description is not None or isinstance(body, Replace):
            vpc.description = body.description or ""
        if body.default is False and vpc.default:
            raise errors.ApiError(403, "Can not unset default VPCs")
        if body.default and not vpc.default:
            former = default_of(cloud.state, vpc.region)
            if former:
                former.default = False
                cloud.state.put(former)
            vpc.default = True
        cloud.state.put(vpc)
    return {"vpc": show(vpc)}


@router.delete("/{vpc_id}", status_code=204)
def delete(cloud: Account, vpc_id: str) -> None:
    with cloud.state.transaction():
        vpc = found(cloud.state.get(Vpc, vpc_id))
        if members(cloud, vpc):
            raise errors.ApiError(409, "Can not delete VPC with members")
        if vpc.default:
            raise errors.ApiError(403, "Can not delete default VPCs")
        cloud.backend.delete_vpc(vpc.id)
        cloud.state.remove(vpc)


@router.get("/{vpc_id}/members")
def list_members(cloud: Account, vpc_id: str, pager: Paged, resource_type: str | None = None) -> dict[str, Any]:
    vpc = found(cloud.state.get(Vpc, vpc_id))
    rows = [row for row in members(cloud, vpc) if resource_type in (None, "", row.urn.split(":")[1])]
    return pager.reply("members", rows, lambda row: {"name": row.name, "urn": row.urn, "created_at": row.created_at})
