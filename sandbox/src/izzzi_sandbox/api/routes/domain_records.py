# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/domains/NAME/records."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import StrictInt

from ...account.records import Domain, DomainRecord
from ...account.state import State
from ...dns import rules
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged
from . import domains

router = APIRouter(prefix="/domains/{domain_name}/records")


class Update(Body):
    type: str | None = None
    name: str | None = None
    data: str | None = None
    priority: StrictInt | None = None
    port: StrictInt | None = None
    ttl: StrictInt | None = None
    weight: StrictInt | None = None
    flags: StrictInt | None = None
    tag: str | None = None


class Create(Update):
    type: str
    name: str = ""  # blank is refused with DigitalOcean's own words


def show(record: DomainRecord) -> dict[str, Any]:
    fields = ("id", "type", "name", "data", "priority", "port", "ttl", "weight", "flags", "tag")
    return {field: getattr(record, field) for field in fields}


def _fill(state: State, domain: Domain, record: DomainRecord, body: Update) -> DomainRecord:
    """What is not given stays, but is checked like the rest: a host name is kept without the dot that it must be sent
    with, so a change that does not send the data again is refused, as on DigitalOcean."""
    given = {field: value for field in body.model_fields_set if (value := getattr(body, field)) is not None}
    for field, value in given.items():
        setattr(record, field, value)
    try:
        if not record.name:
            raise ValueError("Name can't be blank")
        record.name = rules.record_name(record.name, domain.name)
        record.data = rules.record_data(record.type, record.data, domain.name, record.tag)
        rules.check_numbers(record)
        rules.check_ttl(record.ttl)
        rules.check_neighbours(record, domains.records_of(state, domain))
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    return _save(state, domain, record)


def _save(state: State, domain: Domain, record: DomainRecord) -> DomainRecord:
    """Records of one name and type share their ttl (RFC 2181): the last one written decides, in silence."""
    for other in domains.records_of(state, domain):
        if (other.type, other.name) == (record.type, record.name) and other.ttl != record.ttl:
            other.ttl = record.ttl
            state.put(other)
    return state.put(record)


def _find(state: State, domain_name: str, record_id: int) -> tuple[Domain, DomainRecord]:
    domain = domains.find(state, domain_name)
    record = state.get(DomainRecord, record_id)
    return domain, found(record if record and record.domain == domain.id else None)


@router.get("")
def list_records(
    cloud: Account, pager: Paged, domain_name: str, name: str | None = None, type: str | None = None
) -> dict[str, Any]:
    """The filter takes the full name."""
    domain = domains.find(cloud.state, domain_name)
    wanted = name.lower().rstrip(".") if name else None
    rows = [
        record
        for record in domains.records_of(cloud.state, domain)
        if wanted in (None, rules.full_name(record.name, domain.name)) and type in (None, "", record.type)
    ]
    return pager.reply("domain_records", rows, show)


@router.post("", status_code=201)
def create(cloud: Account, domain_name: str, body: Create) -> dict[str, Any]:
    if body.type not in rules.TYPES:
        raise errors.invalid(f"Type must be one of: {', '.join(rules.TYPES)}")
    with cloud.state.transaction():
        domain = domains.find(cloud.state, domain_name)
        record_id = cloud.state.next("domain record", domains.FIRST_RECORD_ID)
        record = DomainRecord(record_id, domain.id, body.type, "", "", rules.DEFAULT_TTL)
        return {"domain_record": show(_fill(cloud.state, domain, record, body))}


@router.get("/{record_id}")
def show_record(cloud: Account, domain_name: str, record_id: int) -> dict[str, Any]:
    return {"domain_record": show(_find(cloud.state, domain_name, record_id)[1])}


@router.put("/{record_id}")
@router.patch("/{record_id}")
def update(cloud: Account, domain_name: str, record_id: int, body: Update) -> dict[str, Any]:
    with cloud.state.transaction():
        domain, record = _find(cloud.state, domain_name, record_id)
        if body.type not in (None, record.type):
            raise errors.invalid(f"Type cannot be changed: this is a {record.type} record")
        if record.type == "SOA":
            return {"domain_record": show(_change_soa(cloud.state, record, body))}
        return {"domain_record": show(_fill(cloud.state, domain, record, body))}


def _change_soa(state: State, record: DomainRecord, body: Update) -> DomainRecord:
    if body.model_fields_set - {"type", "ttl"}:
        raise errors.invalid("Only the ttl of an SOA record can be changed")
    try:
        rules.check_ttl(body.ttl or record.ttl)
    except ValueError as error:
        raise errors.invalid(str(error)) from None
    record.ttl = body.ttl or record.ttl
    return state.put(record)


@router.delete("/{record_id}", status_code=204)
def delete(cloud: Account, domain_name: str, record_id: int) -> None:
    with cloud.state.transaction():
        _, record = _find(cloud.state, domain_name, record_id)
        if record.type == "SOA":
            raise errors.invalid("An SOA record cannot be deleted")
        cloud.state.remove(record)
