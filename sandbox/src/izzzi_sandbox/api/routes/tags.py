# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/tags and what carries them: droplets, volumes and snapshots of volumes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from ...account.records import Droplet, Firewall, LoadBalancer, Snapshot, Tag, Volume
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

CARRIERS = {"droplet": Droplet, "volume": Volume, "volume_snapshot": Snapshot}
router = APIRouter(prefix="/tags")

TagName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9_\-:]+$", max_length=255)]


class Create(Body):
    name: TagName


class Resource(Body):
    resource_id: str
    resource_type: str


class Resources(Body):
    resources: Annotated[list[Resource], Field(min_length=1)]


def find(state: State, name: str) -> Tag | None:
    """Addresses need the spelling of the tag."""
    tag = state.get(Tag, name.lower())
    return tag if tag and tag.name == name else None


def existing(state: State, names: list[str]) -> list[str]:
    """For firewalls: they take no tag that does not exist."""
    missing = [name for name in names if state.get(Tag, name.lower()) is None]
    if missing:
        raise errors.invalid(f"tags do not exist: {', '.join(missing)}")
    return list(dict.fromkeys(state.get(Tag, name.lower()).name for name in names))


def show(state: State, tag: Tag) -> dict[str, Any]:
    counts: dict[str, Any] = {"images": {"count": 0}, "databases": {"count": 0}}
    for name, kind in (("droplets", Droplet), ("volumes", Volume), ("volume_snapshots", Snapshot)):
        tagged = [row for row in state.all(kind) if tag.name in row.tags]
        last = {"last_tagged_uri": f"https://api.digitalocean.com/v2/{name}/{tagged[-1].id}"} if tagged else {}
        counts[name] = {"count": len(tagged), **last}
    last = next((row for row in counts.values() if "last_tagged_uri" in row), {})
    return {"name": tag.name, "resources": {**last, "count": sum(row["count"] for row in counts.values()), **counts}}


@router.get("")
def list_tags(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("tags", cloud.state.all(Tag), lambda tag: show(cloud.state, tag))


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    """A tag that exists is given back: Terraform posts each one every time."""
    with cloud.state.transaction():
        cloud.ensure_tags([body.name])
        return {"tag": show(cloud.state, cloud.state.get(Tag, body.name.lower()))}


@router.get("/{name}")
def show_tag(cloud: Account, name: str) -> dict[str, Any]:
    return {"tag": show(cloud.state, found(find(cloud.state, name)))}


@router.delete("/{name}", status_code=204)
def delete(cloud: Account, name: str) -> None:
    """Untags everything that carries it."""
    with cloud.state.transaction():
        tag = found(find(cloud.state, name))
        for kind in CARRIERS.values():
            for row in cloud.state.all(kind):
                if tag.name in row.tags:
                    cloud.untag(row, tag.name)
        for balancer in cloud.state.all(LoadBalancer):
            if balancer.tag == tag.name:
                balancer.tag = ""
                cloud.state.put(balancer)
        for firewall in cloud.state.all(Firewall):
            _drop_from_firewall(cloud.state, firewall, tag.name)
        cloud.state.remove(tag)


def _drop_from_firewall(state: State, firewall: Firewall, name: str) -> None:
    firewall.tags = [tag for tag in firewall.tags if tag != name]
    rules = [(rule, "sources") for rule in firewall.inbound_rules]
    rules += [(rule, "destinations") for rule in firewall.outbound_rules]
    for rule, side in rules:
        if name in rule[side].get("tags", ()):
            rule[side]["tags"].remove(name)
    state.put(firewall)


@router.post("/{name}/resources", status_code=204)
def tag_resources(cloud: Account, name: str, body: Resources) -> None:
    with cloud.state.transaction():
        tag = found(find(cloud.state, name))
        for row in _tagged(cloud.state, body):
            if tag.name not in row.tags:
                row.tags.append(tag.name)
                cloud.state.put(row)


@router.delete("/{name}/resources", status_code=204)
def untag_resources(cloud: Account, name: str, body: Resources) -> None:
    with cloud.state.transaction():
        tag = found(find(cloud.state, name))
        for row in _tagged(cloud.state, body):
            cloud.untag(row, tag.name)


def _tagged(state: State, body: Resources) -> list[Any]:
    for resource in body.resources:
        if resource.resource_type not in CARRIERS:
            raise errors.invalid(f"the sandbox has no {resource.resource_type} that could carry a tag")
    return [found(state.get(CARRIERS[resource.resource_type], resource.resource_id)) for resource in body.resources]
