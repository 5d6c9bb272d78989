# SPDX-License-Identifier: GPL-3.0-or-later
"""/_sandbox: what the sandbox's own command line and tests use. Faults are in faults.py."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from ...account.records import Action, Domain, Droplet, Firewall, SshKey, Tag, Vpc
from ..deps import Account, Body

router = APIRouter()


@router.get("/health")
def health(request: Request) -> dict[str, Any]:
    """Needs no token: `up` asks it which sandbox this is."""
    return request.app.state.identity


@router.get("/summary")
def summary(cloud: Account, request: Request) -> dict[str, Any]:
    state = cloud.state
    failed = [action for action in state.all(Action) if action.status == "errored"]
    return {
        "droplets": [
            {
                "id": droplet.id,
                "name": droplet.name,
                "status": droplet.status,
                "region": droplet.region,
                "size": droplet.size,
                "image": droplet.image,
                "public_ip": droplet.public_ip,
                "private_ip": droplet.private_ip,
                "tags": droplet.tags,
            }
            for droplet in state.all(Droplet)
        ],
        "vpcs": [f"{vpc.name} {vpc.ip_range} ({vpc.region})" for vpc in state.all(Vpc)],
        "dns": request.app.state.dns,
        "domains": [domain.name for domain in state.all(Domain)],
        "buckets": [bucket.name for bucket in cloud.spaces.buckets()],
        "firewalls": [firewall.name for firewall in state.all(Firewall)],
        "ssh_keys": [key.name for key in state.all(SshKey)],
        "tags": [tag.name for tag in state.all(Tag)],
        "requests": request.app.state.log.count,
        "failures": [
            f"{action.completed_at} {action.type} of droplet {action.resource_id}: {action.error}"
            for action in failed[-5:]
        ],
    }


@router.post("/reset", status_code=204)
def reset(cloud: Account) -> None:
    cloud.reset()


@router.post("/suspend", status_code=204)
def suspend(cloud: Account) -> None:
    cloud.suspend()


class Time(Body):
    days: Annotated[float, Field(ge=0, le=36500)] = 0


@router.post("/spaces/time")
def pass_time(cloud: Account, body: Time) -> dict[str, Any]:
    """All that Spaces holds becomes older by so many days; lifecycle rules are carried out."""
    return {"changed": cloud.spaces.pass_time(body.days)}


@router.get("/requests")
def list_requests(request: Request, since: int = 0, writes: bool = False) -> dict[str, Any]:
    """What clients asked, oldest first; `since` is the number of an entry."""
    return {"requests": request.app.state.log.entries(since, writes=writes)}


@router.delete("/requests", status_code=204)
def forget_requests(request: Request) -> None:
    request.app.state.log.clear()
