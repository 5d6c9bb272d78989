# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/load_balancers, their droplets and forwarding rules. Regional ones with a public address."""

from __future__ import annotations

import uuid
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StrictInt, model_validator

from ...account.addresses import NoAddressLeft, next_private, next_public
from ...account.catalogue import REGIONS, find_region, show_region
from ...account.cloud import Cloud
from ...account.records import Assignment as ProjectAssignment
from ...account.records import Certificate, Droplet, LoadBalancer, Project, Tag, Vpc
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import droplets, vpcs
from .tags import TagName

router = APIRouter(prefix="/load_balancers")

SIZES = {"lb-small": 1, "lb-medium": 3, "lb-large": 6}
TLS = ("https", "http2", "http3")
Port = Annotated[StrictInt, Field(ge=1, le=65535)]


class ForwardingRule(Body):
    entry_protocol: Literal["http", "https", "http2", "http3", "tcp", "udp"]
    entry_port: Port
    target_protocol: Literal["http", "https", "http2", "tcp", "udp"]
    target_port: Port
    certificate_id: str = ""
    tls_passthrough: bool = False

    @model_validator(mode="after")
    def check(self) -> ForwardingRule:
        if self.entry_protocol in TLS and not (self.certificate_id or self.tls_passthrough):
            raise ValueError(f"{self.entry_protocol} needs certificate_id or tls_passthrough")
        if self.tls_passthrough and (self.certificate_id or self.target_protocol not in TLS):
            raise ValueError("tls_passthrough needs https or http2 on both sides and no certificate")
        if (self.entry_protocol in ("tcp", "udp")) != (self.target_protocol in ("tcp", "udp")):
            raise ValueError(f"{self.entry_protocol} cannot be forwarded to {self.target_protocol}")
        return self


class HealthCheck(Body):
    protocol: Literal["http", "https", "tcp"] = "http"
    port: Port = 80
    path: str = "/"
    check_interval_seconds: Annotated[StrictInt, Field(ge=3, le=300)] = 10
    response_timeout_seconds: Annotated[StrictInt, Field(ge=3, le=300)] = 5
    unhealthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)] = 3
    healthy_threshold: Annotated[StrictInt, Field(ge=2, le=10)] = 5


class Sticky(Body):
    type: Literal["none", "cookies"] = "none"
    cookie_name: Annotated[str, Field(min_length=2, max_length=40)] | None = None
    cookie_ttl_seconds: Annotated[StrictInt, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def check(self) -> Sticky:
        if self.type == "cookies" and not (self.cookie_name and self.cookie_ttl_seconds):
            raise ValueError("sticky_sessions: cookies need cookie_name and cookie_ttl_seconds")
        return self


def _source(text: str) -> str:
    kind, _, address = text.partition(":")
    try:
        network = ip_network(address)
    except ValueError:
        network = None
    if network is None or kind not in ("ip", "cidr") or (kind == "ip" and "/" in address):
        raise ValueError(f"firewall: {text!r} must be ip:ADDRESS or cidr:NETWORK")
    return text


Source = Annotated[str, AfterValidator(_source)]


class Firewall(Body):
    allow: list[Source] = Field(default_factory=list)
    deny: list[Source] = Field(default_factory=list)


class Create(Body):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.\-]*$", max_length=255)]
    region: str | None = None
    forwarding_rules: Annotated[list[ForwardingRule], Field(min_length=1)]
    droplet_ids: list[StrictInt] | None = None
    tag: TagName | Literal[""] | None = None
    size: Literal["lb-small", "lb-medium", "lb-large"] | None = None
    size_unit: Annotated[StrictInt, Field(ge=1, le=100)] | None = None
    algorithm: Literal["round_robin", "least_connections"] = "round_robin"
    health_check: HealthCheck = Field(default_factory=HealthCheck)
    sticky_sessions: Sticky = Field(default_factory=Sticky)
    redirect_http_to_https: bool = False
    enable_proxy_protocol: bool = False
    enable_backend_keepalive: bool = False
    http_idle_timeout_seconds: Annotated[StrictInt, Field(ge=30, le=600)] = 60
    disable_lets_encrypt_dns_records: bool = False
    firewall: Firewall = Field(default_factory=Firewall)
    vpc_uuid: str | None = None
    project_id: str | None = None
    type: Literal["REGIONAL"] = "REGIONAL"
    network: Literal["EXTERNAL"] = "EXTERNAL"
    network_stack: Literal["IPV4"] = "IPV4"
    tls_cipher_policy: Literal["DEFAULT", "STRONG"] = "DEFAULT"

    @model_validator(mode="after")
    def check(self) -> Create:
        if self.droplet_ids and self.tag:
            raise ValueError("give either droplet_ids or tag")
        if self.size and self.size_unit:
            raise ValueError("give either size or size_unit")
        ports = [rule.entry_port for rule in self.forwarding_rules if rule.entry_protocol != "http3"]
        if len(set(ports)) < len(ports):
            raise ValueError("forwarding_rules: an entry port can be used once")
        return self


class DropletIds(Body):
    droplet_ids: Annotated[list[StrictInt], Field(min_length=1)]


class Rules(Body):
    forwarding_rules: Annotated[list[ForwardingRule], Field(min_length=1)]


NOT_SETTINGS = {"name", "region", "droplet_ids", "tag", "size", "size_unit", "vpc_uuid", "project_id"}


def show(cloud: Cloud, balancer: LoadBalancer) -> dict[str, Any]:
    assignment = cloud.state.get(ProjectAssignment, balancer.urn)
    default = next(project.id for project in cloud.state.all(Project) if project.is_default)
    members = [droplet.id for droplet in cloud.state.all(Droplet) if balancer.sends_to(droplet)]
    return {
        "id": balancer.id,
        "name": balancer.name,
        "ip": "" if balancer.status == "new" else balancer.public_ip,
        "status": balancer.status,
        "created_at": balancer.created_at,
        "region": show_region(REGIONS[balancer.region]),
        "tag": balancer.tag,
        "droplet_ids": members,
        "vpc_uuid": balancer.vpc_id,
        "project_id": assignment.project_id if assignment else default,
        **balancer.settings,
    }


def _settings(state: State, body: Create) -> dict[str, Any]:
    unit = body.size_unit or SIZES[body.size or "lb-small"]
    name = next((name for name, size in SIZES.items() if size == unit), "")
    for rule in body.forwarding_rules:
        if rule.certificate_id and state.get(Certificate, rule.certificate_id) is None:
            raise errors.invalid(f"certificate_id: there is no certificate {rule.certificate_id}")
    settings = body.model_dump(exclude=NOT_SETTINGS)
    settings["sticky_sessions"] = body.sticky_sessions.model_dump(exclude_none=True)
    return {**settings, "size": name, "size_unit": unit}


def _droplets(state: State, ids: list[int], region: str) -> list[int]:
    for id in ids:
        droplet = state.get(Droplet, id)
        if droplet is None:
            raise errors.invalid(f"droplet_ids: there is no Droplet {id}")
        if droplet.region != region:
            raise errors.invalid(f"droplet_ids: Droplet {id} is in {droplet.region}, not in {region}")
    return list(dict.fromkeys(ids))


def _tag(state: State, name: str | None) -> str:
    """A tag that does not exist yet is made, as for droplets."""
    if not name:
        return ""
    tag = state.get(Tag, name.lower()) or state.put(Tag(name.lower(), name))
    return tag.name


def _network(cloud: Cloud, body: Create) -> Vpc:
    if body.vpc_uuid:
        vpc = cloud.state.get(Vpc, body.vpc_uuid)
        if vpc is None or body.region not in (None, "", vpc.region):
            raise errors.invalid("vpc_uuid: no VPC with this id exists in this region")
        return vpc
    region = find_region(body.region) if body.region else None
    if region is None or region.slug != body.region:
        raise errors.invalid("region is not available or does not exist")
    return vpcs.default_of(cloud.state, region.slug) or vpcs.add(cloud, f"default-{region.slug}", region.slug)


def _add(cloud: Cloud, body: Create) -> LoadBalancer:
    vpc = _network(cloud, body)
    try:
        public_ip = next_public(cloud.public_addresses(), cloud.state.read(droplets.LAST_ADDRESS))
        private_ip = next_private(vpc.ip_range, cloud.private_addresses(vpc.id))
    except NoAddressLeft as error:
        raise errors.invalid(str(error)) from error
    cloud.state.write(droplets.LAST_ADDRESS, public_ip)
    balancer = LoadBalancer(
        id=str(uuid.uuid4()),
        name=body.name,
        region=vpc.region,
        vpc_id=vpc.id,
        public_ip=public_ip,
        private_ip=private_ip,
        settings=_settings(cloud.state, body),
        droplet_ids=_droplets(cloud.state, body.droplet_ids or [], vpc.region),
        tag=_tag(cloud.state, body.tag),
    )
    if body.project_id:
        cloud.state.put(ProjectAssignment(balancer.urn, found(cloud.state.get(Project, body.project_id)).id))
    return cloud.state.put(balancer)


def _find(state: State, id: str) -> LoadBalancer:
    balancer = found(state.get(LoadBalancer, id))
    return found(None if balancer.deleting else balancer)


@router.get("")
def list_balancers(cloud: Account, pager: Paged) -> dict[str, Any]:
    rows = [row for row in cloud.state.all(LoadBalancer) if not row.deleting]
    return pager.reply("load_balancers", rows, lambda row: show(cloud, row))


@router.post("", status_code=202)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        return {"load_balancer": show(cloud, _add(cloud, body))}


@router.get("/{balancer_id}")
def show_balancer(cloud: Account, balancer_id: str) -> dict[str, Any]:
    return {"load_balancer": show(cloud, _find(cloud.state, balancer_id))}


@router.put("/{balancer_id}")
def replace(cloud: Account, balancer_id: str, body: Create) -> dict[str, Any]:
    """A full replacement, but for the region, the VPC and the project, which cannot change here."""
    with cloud.state.transaction():
        balancer = _find(cloud.state, balancer_id)
        if body.region not in (None, "", balancer.region) or body.vpc_uuid not in (None, "", balancer.vpc_id):
            raise errors.invalid("the region and the VPC of a load balancer cannot be changed")
        balancer.name, balancer.tag = body.name, _tag(cloud.state, body.tag)
        balancer.droplet_ids = _droplets(cloud.state, body.droplet_ids or [], balancer.region)
        balancer.settings = _settings(cloud.state, body)
        return {"load_balancer": show(cloud, cloud.state.put(balancer))}


@router.delete("/{balancer_id}", status_code=204)
def delete(cloud: Account, balancer_id: str) -> None:
    with cloud.state.transaction():
        balancer = _find(cloud.state, balancer_id)
        balancer.deleting = True
        cloud.state.put(balancer)


@router.post("/{balancer_id}/droplets", status_code=204)
def add_droplets(cloud: Account, balancer_id: str, body: DropletIds) -> None:
    with cloud.state.transaction():
        balancer = _find(cloud.state, balancer_id)
        if balancer.tag:
            raise errors.invalid("this load balancer sends to the Droplets of a tag")
        given = _droplets(cloud.state, body.droplet_ids, balancer.region)
        balancer.droplet_ids = list(dict.fromkeys([*balancer.droplet_ids, *given]))
        cloud.state.put(balancer)


@router.delete("/{balancer_id}/droplets", status_code=204)
def remove_droplets(cloud: Account, balancer_id: str, body: DropletIds) -> None:
    with cloud.state.transaction():
        balancer = _find(cloud.state, balancer_id)
        balancer.droplet_ids = [id for id in balancer.droplet_ids if id not in body.droplet_ids]
        cloud.state.put(balancer)


@router.post("/{balancer_id}/forwarding_rules", status_code=204)
def add_rules(cloud: Account, balancer_id: str, body: Rules) -> None:
    _change_rules(
        cloud, balancer_id, lambda rules, given: [*rules, *(rule for rule in given if rule not in rules)], body
    )


@router.delete("/{balancer_id}/forwarding_rules", status_code=204)
def remove_rules(cloud: Account, balancer_id: str, body: Rules) -> None:
    _change_rules(cloud, balancer_id, lambda rules, given: [rule for rule in rules if rule not in given], body)


def _change_rules(cloud: Cloud, balancer_id: str, change: Any, body: Rules) -> None:
    with cloud.state.transaction():
        balancer = _find(cloud.state, balancer_id)
        rules = change(balancer.settings["forwarding_rules"], [rule.model_dump() for rule in body.forwarding_rules])
        ports = [rule["entry_port"] for rule in rules if rule["entry_protocol"] != "http3"]
        if not rules or len(set(ports)) < len(ports):
            raise errors.invalid("forwarding_rules: at least one, and an entry port can be used once")
        balancer.settings["forwarding_rules"] = rules
        cloud.state.put(balancer)
