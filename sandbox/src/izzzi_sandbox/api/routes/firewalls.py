# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/firewalls, their rules, droplets and tags."""

from __future__ import annotations

import uuid
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, Field, StrictInt, StringConstraints, model_validator

from ...account.cloud import Cloud
from ...account.records import Droplet, Firewall, LoadBalancer
from ...account.state import State
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from .tags import existing

RULE_LIMIT, DROPLET_LIMIT, TAG_LIMIT = 50, 10, 5
BAD_PORTS = "You must specify a positive value for ports."
router = APIRouter(prefix="/firewalls")


def _address(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"invalid address: {text}") from None
    return text


Address = Annotated[str, AfterValidator(_address)]


class Target(Body):
    addresses: list[Address] | None = None
    droplet_ids: list[StrictInt] | None = None
    tags: list[str] | None = None
    load_balancer_uids: list[str] | None = None
    kubernetes_ids: list[str] | None = None

    @model_validator(mode="after")
    def check(self) -> Target:
        if self.kubernetes_ids:
            raise ValueError("the sandbox has no Kubernetes cluster that a rule could name")
        return self


class Rule(Body):
    protocol: Literal["tcp", "udp", "icmp"]
    ports: str | None = None

    @model_validator(mode="after")
    def check(self) -> Rule:
        self.ports = stored_ports(self.protocol, self.ports)
        return self


class InboundRule(Rule):
    sources: Target


class OutboundRule(Rule):
    destinations: Target


class Create(Body):
    name: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9.\-]+$", max_length=255)]
    inbound_rules: list[InboundRule] | None = None
    outbound_rules: list[OutboundRule] | None = None
    droplet_ids: list[StrictInt] | None = None
    tags: list[str] | None = None


class Rules(Body):
    inbound_rules: list[InboundRule] | None = None
    outbound_rules: list[OutboundRule] | None = None


class DropletIds(Body):
    droplet_ids: Annotated[list[StrictInt], Field(min_length=1)]


class Tags(Body):
    tags: Annotated[list[str], Field(min_length=1)]


def stored_ports(protocol: str, ports: str | None) -> str:
    """Return ports as DigitalOcean keeps them: "0" for all, and for icmp, which has none."""
    if protocol == "icmp":
        if ports:
            raise ValueError(BAD_PORTS)
        return "0"
    if ports == "all":
        return "0"
    first, dash, last = (ports or "").partition("-")
    numbers = [first, last] if dash else [first]
    if not all(number.isascii() and number.isdigit() and 1 <= int(number) <= 65535 for number in numbers):
        raise ValueError(BAD_PORTS)
    if int(numbers[0]) > int(numbers[-1]):
        raise ValueError("ports: the first port of a range must not be above the last")
    return ports or ""


def show(cloud: Cloud, firewall: Firewall) -> dict[str, Any]:
    return {
        "id": firewall.id,
        "name": firewall.name,
        **cloud.enforcer.show(firewall),
        "created_at": firewall.created_at,
        "inbound_rules": firewall.inbound_rules,
        "outbound_rules": firewall.outbound_rules,
        "droplet_ids": firewall.droplet_ids,
        "tags": firewall.tags,
    }


def _stored(state: State, rule: InboundRule | OutboundRule) -> dict[str, Any]:
    """Targets that are empty are left out, as DigitalOcean does."""
    side, target = ("sources", rule.sources) if isinstance(rule, InboundRule) else ("destinations", rule.destinations)
    kept: dict[str, Any] = {}
    if target.addresses:
        kept["addresses"] = list(dict.fromkeys(target.addresses))
    if target.droplet_ids:
        kept["droplet_ids"] = _droplets(state, target.droplet_ids)
    if target.tags:
        kept["tags"] = existing(state, target.tags)
    if target.load_balancer_uids:
        missing = [id for id in target.load_balancer_uids if state.get(LoadBalancer, id) is None]
        if missing:
            raise errors.invalid(f"load balancers do not exist: {', '.join(missing)}")
        kept["load_balancer_uids"] = list(dict.fromkeys(target.load_balancer_uids))
    return {"protocol": rule.protocol, "ports": rule.ports, side: kept}


def _droplets(state: State, ids: list[int]) -> list[int]:
    missing = [str(id) for id in ids if state.get(Droplet, id) is None]
    if missing:
        raise errors.invalid(f"droplets do not exist: {', '.join(missing)}")
    return list(dict.fromkeys(ids))


def _distinct(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [rule for index, rule in enumerate(rules) if rule not in rules[:index]]


def _fill(state: State, firewall: Firewall, body: Create) -> Firewall:
    """A full replacement: what is not given is gone."""
    firewall.name = body.name
    firewall.inbound_rules = _distinct([_stored(state, rule) for rule in body.inbound_rules or []])
    firewall.outbound_rules = _distinct([_stored(state, rule) for rule in body.outbound_rules or []])
    firewall.droplet_ids = _droplets(state, body.droplet_ids or [])
    firewall.tags = existing(state, body.tags or [])
    return _save(state, firewall)


def _save(state: State, firewall: Firewall) -> Firewall:
    if any(other.name == firewall.name and other.id != firewall.id for other in state.all(Firewall)):
        raise errors.ApiError(409, "duplicate name")
    rules = len(firewall.inbound_rules) + len(firewall.outbound_rules)
    if not rules:
        raise errors.invalid("a firewall needs at least one rule, inbound or outbound")
    for count, limit, noun in (
        (rules, RULE_LIMIT, "rules"),
        (len(firewall.droplet_ids), DROPLET_LIMIT, "droplets"),
        (len(firewall.tags), TAG_LIMIT, "tags"),
    ):
        if count > limit:
            raise errors.invalid(f"a firewall can have at most {limit} {noun}; this one would have {count}")
    return state.put(firewall)


@router.get("")
def list_firewalls(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("firewalls", cloud.state.all(Firewall), lambda row: show(cloud, row))


@router.post("", status_code=202)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        firewall = _fill(cloud.state, Firewall(str(uuid.uuid4()), body.name, [], [], [], []), body)
        return {"firewall": show(cloud, firewall)}


@router.get("/{firewall_id}")
def show_firewall(cloud: Account, firewall_id: str) -> dict[str, Any]:
    return {"firewall": show(cloud, found(cloud.state.get(Firewall, firewall_id)))}


@router.put("/{firewall_id}")
def replace(cloud: Account, firewall_id: str, body: Create) -> dict[str, Any]:
    with cloud.state.transaction():
        firewall = _fill(cloud.state, found(cloud.state.get(Firewall, firewall_id)), body)
        return {"firewall": show(cloud, firewall)}


@router.delete("/{firewall_id}", status_code=204)
def delete(cloud: Account, firewall_id: str) -> None:
    with cloud.state.transaction():
        cloud.state.remove(found(cloud.state.get(Firewall, firewall_id)))


@router.post("/{firewall_id}/rules", status_code=204)
def add_rules(cloud: Account, firewall_id: str, body: Rules) -> None:
    with cloud.state.transaction():
        firewall, inbound, outbound = _given_rules(cloud.state, firewall_id, body)
        firewall.inbound_rules = _distinct([*firewall.inbound_rules, *inbound])
        firewall.outbound_rules = _distinct([*firewall.outbound_rules, *outbound])
        _save(cloud.state, firewall)


@router.delete("/{firewall_id}/rules", status_code=204)
def remove_rules(cloud: Account, firewall_id: str, body: Rules) -> None:
    with cloud.state.transaction():
        firewall, inbound, outbound = _given_rules(cloud.state, firewall_id, body)
        firewall.inbound_rules = [rule for rule in firewall.inbound_rules if rule not in inbound]
        firewall.outbound_rules = [rule for rule in firewall.outbound_rules if rule not in outbound]
        _save(cloud.state, firewall)


def _given_rules(
    state: State, firewall_id: str, body: Rules
) -> tuple[Firewall, list[dict[str, Any]], list[dict[str, Any]]]:
    if not (body.inbound_rules or body.outbound_rules):
        raise errors.invalid("give inbound_rules or outbound_rules")
    firewall = found(state.get(Firewall, firewall_id))
    inbound = [_stored(state, rule) for rule in body.inbound_rules or []]
    return firewall, inbound, [_stored(state, rule) for rule in body.outbound_rules or []]


@router.post("/{firewall_id}/droplets", status_code=204)
def add_droplets(cloud: Account, firewall_id: str, body: DropletIds) -> None:
    with cloud.state.transaction():
        firewall = found(cloud.state.get(Firewall, firewall_id))
        given = _droplets(cloud.state, body.droplet_ids)
        firewall.droplet_ids = list(dict.fromkeys([*firewall.droplet_ids, *given]))
        _save(cloud.state, firewall)


@router.delete("/{firewall_id}/droplets", status_code=204)
def remove_droplets(cloud: Account, firewall_id: str, body: DropletIds) -> None:
    with cloud.state.transaction():
        firewall = found(cloud.state.get(Firewall, firewall_id))
        firewall.droplet_ids = [id for id in firewall.droplet_ids if id not in body.droplet_ids]
        _save(cloud.state, firewall)


@router.post("/{firewall_id}/tags", status_code=204)
def add_tags(cloud: Account, firewall_id: str, body: Tags) -> None:
    with cloud.state.transaction():
        firewall = found(cloud.state.get(Firewall, firewall_id))
        firewall.tags = list(dict.fromkeys([*firewall.tags, *existing(cloud.state, body.tags)]))
        _save(cloud.state, firewall)


@router.delete("/{firewall_id}/tags", status_code=204)
def remove_tags(cloud: Account, firewall_id: str, body: Tags) -> None:
    with cloud.state.transaction():
        firewall = found(cloud.state.get(Firewall, firewall_id))
        firewall.tags = [tag for tag in firewall.tags if tag not in body.tags]
        _save(cloud.state, firewall)
