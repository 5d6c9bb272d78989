# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers from the account's domains. Pure functions over its records."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dnslib
from dnslib import QTYPE, RR

from ..account.records import DomainRecord
from .rules import NAME_SERVERS, full_name

MOST_ALIASES = 8  # a chain of CNAMEs that is longer is a loop
CHUNK = 255  # bytes in one string of a TXT record
ANY = "ANY"


def domain_of(name: str, domains: Iterable[str]) -> str | None:
    """The most specific one that has the name."""
    owners = [domain for domain in domains if name == domain or name.endswith(f".{domain}")]
    return max(owners, key=len, default=None)


def answer(name: str, type: str, domain: str, records: Sequence[DomainRecord]) -> tuple[list[RR], bool, str | None]:
    """What the zone says, whether the name exists, and the alias outside of the zone where the answer goes on."""
    found: list[RR] = []
    for _ in range(MOST_ALIASES):
        here = _at(name, domain, records)
        if not here:
            return found, bool(found) or _has_children(name, domain, records), None
        found += [to_rr(record, name, domain) for record in here if type in (record.type, ANY)]
        alias = next((record for record in here if record.type == "CNAME"), None)
        if alias is None or type in ("CNAME", ANY):
            return found, True, None
        found.append(to_rr(alias, name, domain))
        name = _target(alias, domain)
        if domain_of(name, [domain]) is None:
            return found, True, name
    return found, True, None


def _at(name: str, domain: str, records: Sequence[DomainRecord]) -> list[DomainRecord]:
    """The records of a name; if it does not exist, of the closest asterisk above it."""
    exact = [record for record in records if full_name(record.name, domain) == name]
    if exact or _has_children(name, domain, records):
        return exact
    parent = name
    while parent != domain:
        parent = parent.partition(".")[2]
        wild = [record for record in records if full_name(record.name, domain) == f"*.{parent}"]
        if wild:
            return wild
        if any(full_name(record.name, domain) == parent for record in records):
            break  # RFC 4592: an existing name hides the asterisks above it
    return []


def _has_children(name: str, domain: str, records: Sequence[DomainRecord]) -> bool:
    """A name without records of its own exists when there are names below it."""
    return any(full_name(record.name, domain).endswith(f".{name}") for record in records)


def _target(record: DomainRecord, domain: str) -> str:
    return domain if record.data == "@" else record.data


def soa(domain: str, records: Iterable[DomainRecord]) -> RR:
    own = next(record for record in records if record.type == "SOA")
    serial = max(record.id for record in records) % 2**32
    data = dnslib.SOA(NAME_SERVERS[0], f"hostmaster.{domain}", (serial, 10800, 3600, 604800, own.ttl))
    return RR(domain, QTYPE.SOA, rdata=data, ttl=own.ttl)


def to_rr(record: DomainRecord, name: str, domain: str) -> RR:
    if record.type == "SOA":
        return soa(domain, [record])
    host = _target(record, domain)
    match record.type:
        case "A":
            data = dnslib.A(record.data)
        case "AAAA":
            data = dnslib.AAAA(record.data)
        case "CNAME":
            data = dnslib.CNAME(host)
        case "NS":
            data = dnslib.NS(host)
        case "MX":
            data = dnslib.MX(host, record.priority)
        case "SRV":
            data = dnslib.SRV(record.priority, record.weight, record.port, host)
        case "CAA":
            data = dnslib.CAA(record.flags, record.tag, host)
        case _:
            text = record.data.encode()
            data = dnslib.TXT([text[start : start + CHUNK] for start in range(0, len(text), CHUNK)])
    return RR(name, getattr(QTYPE, record.type), rdata=data, ttl=record.ttl)
