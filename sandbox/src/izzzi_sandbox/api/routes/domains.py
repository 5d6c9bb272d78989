# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/domains. Their records are in domain_records.py."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ...account.records import Assignment, Domain, DomainRecord
from ...account.state import State
from ...dns import rules, zone
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

FIRST_RECORD_ID = 1_750_000_001
router = APIRouter(prefix="/domains")


class Create(Body):
    name: str
    ip_address: str | None = None


def find(state: State, name: str) -> Domain:
    return found(state.get(Domain, name.lower()))


def records_of(state: State, domain: Domain) -> list[DomainRecord]:
    return [record for record in state.all(DomainRecord) if record.domain == domain.id]


def show(domain: Domain, zone_file: str | None) -> dict[str, Any]:
    return {"name": domain.name, "ttl": rules.DEFAULT_TTL, "zone_file": zone_file}


def _zone_file(state: State, domain: Domain) -> str:
    records = records_of(state, domain)
    lines = [zone.to_rr(row, rules.full_name(row.name, domain.name), domain.name).toZone() for row in records]
    return f"$ORIGIN {domain.name}.\n$TTL {rules.DEFAULT_TTL}\n" + "".join(f"{line}\n" for line in lines)


def add_record(state: State, domain: Domain, type: str, name: str, data: str, **more: Any) -> DomainRecord:
    record_id = state.next("domain record", FIRST_RECORD_ID)
    return state.put(DomainRecord(record_id, domain.id, type, name, data, more.pop("ttl", rules.DEFAULT_TTL), **more))


@router.get("")
def list_domains(cloud: Account, pager: Paged) -> dict[str, Any]:
    return pager.reply("domains", cloud.state.all(Domain), lambda row: show(row, _zone_file(cloud.state, row)))


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    """The zone file is null until it was generated, as on DigitalOcean: not in this reply yet."""
    try:
        name = rules.domain_name(body.name)
        address = None if body.ip_address is None else rules.record_data("A", body.ip_address, name, None)
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    with cloud.state.transaction():
        if cloud.state.get(Domain, name):
            raise errors.invalid(f"domain '{name}': name already exists")
        domain = cloud.state.put(Domain(name))
        add_record(cloud.state, domain, "SOA", "@", str(rules.DEFAULT_TTL))
        for server in rules.NAME_SERVERS:
            add_record(cloud.state, domain, "NS", "@", server)
        if address:
            add_record(cloud.state, domain, "A", "@", address)
    return {"domain": show(domain, None)}


@router.get("/{name}")
def show_domain(cloud: Account, name: str) -> dict[str, Any]:
    domain = find(cloud.state, name)
    return {"domain": show(domain, _zone_file(cloud.state, domain))}


@router.delete("/{name}", status_code=204)
def delete(cloud: Account, name: str) -> None:
    with cloud.state.transaction():
        domain = find(cloud.state, name)
        for record in records_of(cloud.state, domain):
            cloud.state.remove(record)
        assignment = cloud.state.get(Assignment, domain.urn)
        if assignment:
            cloud.state.remove(assignment)
        cloud.state.remove(domain)
