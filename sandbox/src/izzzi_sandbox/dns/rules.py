# SPDX-License-Identifier: GPL-3.0-or-later
"""What DigitalOcean takes as a record, and how it stores it. Pure functions; a refusal is a ValueError."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from ..account.records import DomainRecord

TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT")
NAME_SERVERS = ("ns1.digitalocean.com", "ns2.digitalocean.com", "ns3.digitalocean.com")
DEFAULT_TTL, LEAST_TTL, GREATEST_TTL = 1800, 30, 2_147_483_647
DOTTED = frozenset({"CNAME", "MX", "NS", "SRV", "CAA"})  # their data is a host name
NUMBERS = {  # what each type must say beside its data, and how far it goes
    "MX": {"priority": 65535},
    "SRV": {"priority": 65535, "port": 65535, "weight": 65535},
    "CAA": {"flags": 255},
}
CAA_TAGS = ("issue", "issuewild", "iodef")
NEEDS_DOT = "Data needs to end with a dot (.)"
BAD_NAME = "Name Only valid hostname characters are allowed. (a-z, A-Z, 0-9, ., _ and -)"
_LABEL = r"[a-z0-9_]([a-z0-9_\-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"(\*\.)?({_LABEL})(\.{_LABEL})*\Z|\*\Z")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9\-]{0,61}[a-z0-9])?\Z")


def domain_name(text: str) -> str:
    name = text.lower()
    if len(name) > 253 or not _DOMAIN.match(name):
        raise ValueError(f"domain '{text}': must be a valid domain name")
    return name


def record_name(text: str, domain: str) -> str:
    """Relative to the domain, "@" for the domain itself. A name with a dot at its end is a full one."""
    name = text.lower()
    if name.endswith("."):
        name = _relative(name.rstrip("."), domain)
    if name == "@":
        return name
    if len(f"{name}.{domain}") > 253 or not _NAME.match(name):
        raise ValueError(BAD_NAME)
    return name


def _relative(full: str, domain: str) -> str:
    if full == domain:
        return "@"
    if not full.endswith(f".{domain}"):
        raise ValueError(f"Name {full}. is not in the domain {domain}")
    return full.removesuffix(f".{domain}")


def full_name(name: str, domain: str) -> str:
    return domain if name == "@" else f"{name}.{domain}"


def record_data(type: str, data: str | None, domain: str, tag: str | None) -> str:
    """Return data as they are kept: in lower case, without the dot, "@" for the domain. Text stays as it is."""
    if not data:
        raise ValueError("Data can't be blank")
    if type == "TXT":
        return data
    if type in ("A", "AAAA"):
        return _address(type, data)
    if type == "CAA" and tag == "iodef":
        return data
    return _host(data.lower(), domain)


def _address(type: str, data: str) -> str:
    try:
        return str(IPv4Address(data)) if type == "A" else str(IPv6Address(data))
    except AddressValueError:
        kind, example = ("IPv4", "127.0.0.1") if type == "A" else ("IPv6", "2001:db8::ff00:42:8329")
        raise ValueError(f"Data IP address did not match {kind} format (e.g. {example}).") from None


def _host(data: str, domain: str) -> str:
    if data == "@":
        return data
    if not data.endswith("."):
        raise ValueError(NEEDS_DOT)
    host = data.rstrip(".")
    if not _NAME.match(host):
        raise ValueError(f"Data {data} is not a host name")
    return "@" if host == domain else host


def check_numbers(record: DomainRecord) -> None:
    """What a type needs must be there; what it does not have is null, whatever was sent."""
    wanted = NUMBERS.get(record.type, {})
    for field, most in wanted.items():
        value = getattr(record, field)
        if value is None:
            raise ValueError(f"{field.capitalize()} can't be blank")
        if not 0 <= value <= most:
            raise ValueError(f"{field.capitalize()} must be from 0 to {most}")
    if record.type == "CAA" and record.tag not in CAA_TAGS:
        raise ValueError(f"Tag must be one of: {', '.join(CAA_TAGS)}")
    for field in {"priority", "port", "weight", "flags"} - wanted.keys():
        setattr(record, field, None)
    if record.type != "CAA":
        record.tag = None


def check_ttl(ttl: int) -> None:
    if not LEAST_TTL <= ttl <= GREATEST_TTL:
        raise ValueError(f"Ttl must be greater than or equal to {LEAST_TTL}")


def check_neighbours(record: DomainRecord, others: Iterable[DomainRecord]) -> None:
    """An alias is alone under its name (RFC 1034)."""
    types = [other.type for other in others if other.name == record.name and other.id != record.id]
    if types and (record.type == "CNAME" or "CNAME" in types):
        raise ValueError("CNAME records cannot share a name with other records")
