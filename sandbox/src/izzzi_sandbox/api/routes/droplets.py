# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/droplets: create, list, show, delete. Their actions are in actions.py."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import AfterValidator, Field, StrictInt, model_validator

from ...account.addresses import PUBLIC_GATEWAY, PUBLIC_NETWORK, NoAddressLeft, next_ipv6, next_private, next_public
from ...account.catalogue import IMAGES, REGIONS, SIZES, find_region, show_image, show_region, show_size
from ...account.cloud import FIRST_DROPLET_ID, Cloud
from ...account.operations import features
from ...account.records import Action, Droplet, Firewall, Snapshot, Volume, Vpc
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import firewalls, images, keys, snapshots, vpcs
from .account import droplet_limit
from .tags import TagName

USER_DATA_LIMIT = 64 * 1024
LAST_ADDRESS = "last public address"
router = APIRouter(prefix="/droplets")

OPTIONS_OF_A_CLIENT = frozenset(
    {
        "api_token",
        "baseurl",
        "firewall",
        "oauth_token",
        "project_name",
        "resize_disk",
        "sleep_interval",
        "state",
        "timeout",
        "unique_name",
        "validate_certs",
        "wait",
        "wait_timeout",
    }
)
HOSTNAME = r"^[a-zA-Z0-9]?[a-z0-9A-Z.\-]*[a-z0-9A-Z]\Z"
BAD_HOSTNAME = "Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)"


# DigitalOcean takes these in any case when a droplet is made, and gives back lower case (hashicorp/terraform#3284). A
# volume's region it has refused in upper case (digitalocean/terraform-provider-digitalocean#901).
Lower = Annotated[str, AfterValidator(str.lower)]


class Create(Body):
    """Names every parameter of DigitalOcean. One that the sandbox cannot honour is refused when it asks for
    something."""

    name: str | None = None
    names: Annotated[list[str], Field(min_length=1, max_length=10)] | None = None
    region: Lower | None = None
    size: Lower
    image: StrictInt | str
    ssh_keys: list[StrictInt | str] | None = None
    backups: bool | None = None
    backup_policy: dict[str, Any] | None = None
    ipv6: bool | None = None
    monitoring: bool | None = None
    tags: list[TagName] | None = None
    user_data: str | None = None
    private_networking: bool | None = None
    public_networking: bool | None = None
    volumes: list[str] | None = None
    vpc_uuid: str | None = None
    with_droplet_agent: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def forgive(cls, body: Any) -> Any:
        """The module of community.digitalocean posts its own options along, and DigitalOcean lets them pass."""
        if not isinstance(body, dict):
            return body
        return {name: value for name, value in body.items() if name not in OPTIONS_OF_A_CLIENT}

    @model_validator(mode="after")
    def check(self) -> Create:
        if (self.name is None) == (self.names is None):
            raise ValueError("give either name or names")
        for name in self.all_names:
            check_name(name)
        if len((self.user_data or "").encode()) > USER_DATA_LIMIT:
            raise ValueError("user_data is too long: at most 64 KiB")
        if self.backup_policy:
            raise ValueError("backup_policy: the sandbox takes no backups; leave it out")
        if self.public_networking is False:
            raise ValueError("public_networking: every droplet of the sandbox has a public address; leave it out")
        return self

    @property
    def all_names(self) -> list[str]:
        return self.names or [self.name or ""]


def check_name(name: str) -> None:
    if len(name) > 255 or not re.match(HOSTNAME, name):
        raise ValueError(BAD_HOSTNAME)


def show(droplet: Droplet, cloud: Cloud) -> dict[str, Any]:
    size = SIZES[droplet.size]
    return {
        "id": droplet.id,
        "name": droplet.name,
        "memory": size.memory_mb,
        "vcpus": size.vcpus,
        "disk": droplet.disk_gb,
        "disk_info": [{"type": "local", "size": {"amount": droplet.disk_gb, "unit": "gib"}}],
        "locked": droplet.locked,
        "status": droplet.status,
        "kernel": None,
        "created_at": droplet.created_at,
        "features": features(droplet),
        "backup_ids": [],
        "next_backup_window": _backup_window() if droplet.backups else None,
        "snapshot_ids": [int(row.id) for row in snapshots.of(cloud.state, "droplet", droplet.id)],
        "image": _image(droplet, cloud.state),
        "volume_ids": [row.id for row in cloud.state.all(Volume) if droplet.id in row.droplet_ids],
        "size": show_size(size),
        "size_slug": size.slug,
        "networks": _networks(droplet, cloud),
        "region": show_region(REGIONS[droplet.region]),
        "tags": droplet.tags,
        "vpc_uuid": droplet.vpc_id,
    }


def _image(droplet: Droplet, state: State) -> dict[str, Any]:
    snapshot = state.get(Snapshot, droplet.snapshot) if droplet.snapshot else None
    return images.show_snapshot(snapshot) if snapshot else show_image(IMAGES[droplet.image])


def _backup_window() -> dict[str, str]:
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0) + timedelta(days=1)
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {"start": start.strftime(form), "end": (start + timedelta(hours=23)).strftime(form)}


def _networks(droplet: Droplet, cloud: Cloud) -> dict[str, list[dict[str, Any]]]:
    if droplet.status == "new" or cloud.faults.on_droplet("no_addresses", droplet.name):
        return {"v4": [], "v6": []}
    return {"v4": _v4(droplet, cloud.state), "v6": _v6(droplet, cloud.backend.ipv6_network)}


def _v6(droplet: Droplet, network: str) -> list[dict[str, Any]]:
    if not droplet.public_ipv6:
        return []
    public = IPv6Network(network)
    return [
        {
            "ip_address": droplet.public_ipv6,
            "netmask": public.prefixlen,
            "gateway": str(public[1]),
            "type": "public",
        }
    ]


def free_ipv6(cloud: Cloud) -> str:
    if not cloud.backend.ipv6_network:
        raise errors.invalid("ipv6: droplets of this sandbox have no IPv6; leave it out or false")
    return next_ipv6(cloud.backend.ipv6_network, (row.public_ipv6 for row in cloud.state.all(Droplet)))


def _v4(droplet: Droplet, state: State) -> list[dict[str, Any]]:
    """Clients must choose by type: DigitalOcean promises no order. A private network has no gateway."""
    vpc = found(state.get(Vpc, droplet.vpc_id))
    private = {"ip_address": droplet.private_ip, "netmask": str(IPv4Network(vpc.ip_range).netmask), "gateway": "nil"}
    public = {
        "ip_address": droplet.public_ip,
        "netmask": str(PUBLIC_NETWORK.netmask),
        "gateway": str(PUBLIC_GATEWAY),
    }
    return [{**private, "type": "private"}, {**public, "type": "public"}]


@router.get("")
def list_droplets(
    cloud: Account, pager: Paged, name: str | None = None, tag_name: str | None = None, type: str | None = None
) -> dict[str, Any]:
    if name is not None and tag_name is not None:
        raise errors.invalid("give either name or tag_name")
    if type not in (None, "droplets", "gpus"):
        raise errors.invalid("type must be droplets or gpus")
    rows = [
        droplet
        for droplet in cloud.state.all(Droplet)
        if name in (None, droplet.name) and (tag_name is None or tag_name in droplet.tags) and type != "gpus"
    ]
    return pager.reply("droplets", rows, lambda row: show(row, cloud))


@router.post("", status_code=202)
def create(cloud: Account, request: Request, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        made = [_add(cloud, body, name) for name in body.all_names]
        droplets = [show(found(cloud.state.get(Droplet, action.resource_id)), cloud) for action in made]
    links = {"actions": [_link(request, action) for action in made]}
    if body.names is None:
        return {"droplet": droplets[0], "links": links}
    return {"droplets": droplets, "links": links}


def _link(request: Request, action: Action) -> dict[str, Any]:
    href = str(request.url.replace(path=f"/v2/actions/{action.id}", query=""))
    return {"id": action.id, "rel": "create", "href": href}


def _add(cloud: Cloud, body: Create, name: str) -> Action:
    state = cloud.state
    match, size = images.find(state, body.image), SIZES.get(body.size)
    if match is None:
        raise errors.invalid(f"You specified an invalid image for Droplet creation. The sandbox has: {_list(IMAGES)}")
    if size is None:
        raise errors.invalid("You specified an invalid size for Droplet creation.")
    image, snapshot = match
    if snapshot and size.disk_gb < snapshot.min_disk_size:
        raise errors.invalid("This size is not available because it has a smaller disk.")
    if len(state.all(Droplet)) >= droplet_limit(cloud.settings):
        raise errors.invalid("creating this/these droplet(s) will exceed your droplet limit")
    vpc = _vpc(cloud, body)
    try:
        public_ip = next_public(cloud.public_addresses(), state.read(LAST_ADDRESS))
        private_ip = next_private(vpc.ip_range, cloud.private_addresses(vpc.id))
    except NoAddressLeft as error:
        raise errors.invalid(str(error)) from error
    state.write(LAST_ADDRESS, public_ip)
    droplet = Droplet(
        id=state.next("droplet", FIRST_DROPLET_ID),
        name=name,
        region=vpc.region,
        size=size.slug,
        disk_gb=size.disk_gb,
        image=image,
        vpc_id=vpc.id,
        public_ip=public_ip,
        private_ip=private_ip,
        public_keys=_public_keys(state, body.ssh_keys or []),
        user_data=body.user_data or "",
        tags=cloud.ensure_tags(body.tags or []),
        backups=bool(body.backups),
        monitoring=bool(body.monitoring),
        public_ipv6=free_ipv6(cloud) if body.ipv6 else "",
        snapshot=int(snapshot.id) if snapshot else None,
    )
    _attach(cloud, droplet, body)
    return cloud.submit(droplet, "create")


def _attach(cloud: Cloud, droplet: Droplet, body: Create) -> None:
    if body.volumes and body.names and len(body.names) > 1:
        raise errors.invalid("volumes: a volume can be attached to one Droplet only")
    for id in body.volumes or []:
        volume = cloud.state.get(Volume, id)
        if volume is None or volume.droplet_ids or volume.region != droplet.region:
            raise errors.invalid(f"volumes: no free volume {id} exists in {droplet.region}")
        volume.droplet_ids = [droplet.id]
        cloud.state.put(volume)


def _list(names: Any) -> str:
    return ", ".join(names)


def _vpc(cloud: Cloud, body: Create) -> Vpc:
    """The VPC decides the region when only it is given; the region's default VPC when none is."""
    region = find_region(body.region)
    if region is None:
        raise errors.invalid("You specified an invalid region for Droplet creation.")
    if not body.vpc_uuid:
        return vpcs.default_of(cloud.state, region.slug) or vpcs.add(cloud, f"default-{region.slug}", region.slug)
    vpc = cloud.state.get(Vpc, body.vpc_uuid)
    if vpc is None:
        raise errors.invalid("vpc_uuid: no VPC with this id exists in your account")
    if body.region and not vpc.region.startswith(body.region):
        raise errors.invalid(f"vpc_uuid: this VPC is in {vpc.region}, not in {body.region}")
    return vpc


def _public_keys(state: State, references: list[int | str]) -> list[str]:
    unknown = [str(reference) for reference in references if keys.find(state, reference) is None]
    if unknown:
        raise errors.invalid(f"{_list(unknown)} are invalid key identifiers for Droplet creation.")
    return list(dict.fromkeys(found(keys.find(state, reference)).public_key for reference in references))


@router.delete("", status_code=204)
def delete_by_tag(cloud: Account, tag_name: str) -> None:
    with cloud.state.transaction():
        for droplet in cloud.state.all(Droplet):
            if tag_name in droplet.tags:
                cloud.delete(droplet)


@router.get("/{droplet_id}")
def show_droplet(cloud: Account, droplet_id: int) -> dict[str, Any]:
    return {"droplet": show(found(cloud.state.get(Droplet, droplet_id)), cloud)}


@router.delete("/{droplet_id}", status_code=204)
def delete(cloud: Account, droplet_id: int) -> None:
    with cloud.state.transaction():
        cloud.delete(found(cloud.state.get(Droplet, droplet_id)))


@router.get("/{droplet_id}/firewalls")
def list_firewalls(cloud: Account, droplet_id: int, pager: Paged) -> dict[str, Any]:
    droplet = found(cloud.state.get(Droplet, droplet_id))
    rows = [firewall for firewall in cloud.state.all(Firewall) if firewall.applies_to(droplet)]
    return pager.reply("firewalls", rows, lambda row: firewalls.show(cloud, row))
